// A message over a Unix socket that carries a descriptor.
#pragma once
#include <sys/socket.h>

#include <cstring>

namespace acceld {

// Where the descriptor lies until the message is sent.
struct DescriptorRoom {
  alignas(cmsghdr) unsigned char bytes[CMSG_SPACE(sizeof(int))] = {};
};

inline void Carry(int descriptor, DescriptorRoom* room, msghdr* message) {
  message->msg_control = room->bytes;
  message->msg_controllen = sizeof room->bytes;
  cmsghdr* const header = CMSG_FIRSTHDR(message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
}

}  // namespace acceld
