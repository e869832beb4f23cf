"""Prices a chain of options through shared memory with grpcio alone: python3 region.py SOCKET

Columns and results lie in a region that this program maps; only names of slices travel over the socket. Prints the
prices of the first and the last option, and what the receipt says of the bytes of columns: copied and shared.
"""

import array
import mmap
import os
import socket
import struct
import sys

import grpc

SERVICE = "/acceld.v1.MemoryService/"
ROWS = 100_000


def varint(number):
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def field(number, value):
    """One field of a protobuf message: a whole number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def read(message):
    """The varint at the front, and the rest."""
    if message[0] < 0x80:
        return message[0], message[1:]
    high, rest = read(message[1:])
    return message[0] & 0x7F | high << 7, rest


def fields(message):
    """The fields of a message by number; the replies used here have no other kinds than these two."""
    found = {}
    while message:
        key, message = read(message)
        value, message = read(message)
        if key & 7 == 2:
            value, message = message[:value], message[value:]
        found[key >> 3] = value
    return found


def descriptor_of(path, region_id, token):
    """The region's descriptor, from the descriptor socket beside the daemon's own."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(bytes([len(region_id)]) + region_id + token)
        size, descriptors, *_ = socket.recv_fds(connection, 8, 1)
    if not descriptors:
        raise LookupError("the daemon knows no such region of this user")
    return struct.unpack("<Q", size)[0], descriptors[0]


class Region:
    """Hands out slices of a mapped region, each at the start of a page, so that no device has to copy them."""

    def __init__(self, region_id, token, memory):
        self.key = field(1, region_id) + field(2, token)
        self.memory = memory
        self.used = 0

    def slice(self, size):
        """A RegionSlice message and the memory behind it."""
        offset, self.used = self.used, self.used + -(-size // 16384) * 16384
        return self.key + field(3, offset) + field(4, size), memoryview(self.memory)[offset : offset + size]

    def column(self, dtype, values):
        """A Tensor whose elements lie in the region."""
        message, place = self.slice(len(values) * values.itemsize)
        place[:] = memoryview(values).cast("B")
        return field(1, dtype) + field(2, varint(len(values))) + field(4, message)


def single(number):
    """A Tensor of one number, which holds for every row."""
    return field(1, 1) + field(2, varint(1)) + field(3, struct.pack("<d", number))


path = sys.argv[1]
with grpc.insecure_channel(f"unix:{path}") as channel:
    created = fields(channel.unary_unary(SERVICE + "CreateRegion")(field(1, 4 << 20), timeout=5))
    if 4 not in created:
        raise SystemExit(created[5].decode())
    key = field(1, created[1]) + field(2, created[2])
    size, descriptor = descriptor_of(os.path.join(os.path.dirname(path), created[4].decode()), created[1], created[2])
    region = Region(created[1], created[2], mmap.mmap(descriptor, size))
    os.close(descriptor)

    strikes = array.array("d", (50 + 100 * row / ROWS for row in range(ROWS)))
    types = array.array("B", (1 + row % 2 for row in range(ROWS)))  # calls and puts in turn
    price, prices = region.slice(8 * ROWS)
    undefined, _ = region.slice(4 * ROWS)
    numbers = {5: 100.0, 8: 0.05, 9: 0.01, 10: 0.2, 11: 0.5}  # spot, rate, dividend yield, volatility, years
    request = field(2, 1)  # OPTION_MODEL_BLACK_SCHOLES_MERTON
    request += field(4, region.column(3, types)) + field(7, region.column(1, strikes))
    request += b"".join(field(number, single(value)) for number, value in numbers.items())
    for name, message in ((b"price", price), (b"undefined", undefined)):
        request += field(12, field(1, name) + field(2, message))

    reply = fields(channel.unary_unary("/acceld.v1.PricingService/PriceOptions")(request, timeout=5))
    receipt = fields(reply[1])
    print(*struct.unpack_from("<d", prices, 0), *struct.unpack_from("<d", prices, 8 * (ROWS - 1)))
    print(receipt[17], "bytes copied,", receipt[18], "bytes shared")
    channel.unary_unary(SERVICE + "ReleaseRegion")(key, timeout=5)
