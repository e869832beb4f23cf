"""Writes the columns of a book into a region, as a client does: region_fill.py DESCRIPTOR_SOCKET REGION_ID TOKEN BOOK

TOKEN is hexadecimal, BOOK a file of the bytes that are written. For each line on stdin writes them once and prints {"ms": time}.
"""

import json
import mmap
import socket
import struct
import sys
import time

import numpy as np


def main():
    path, region_id, token, book = sys.argv[1:]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(bytes([len(region_id)]) + region_id.encode() + bytes.fromhex(token))
        size, descriptors, *_ = socket.recv_fds(connection, 8, 1)
    region = np.frombuffer(mmap.mmap(descriptors[0], struct.unpack("<Q", size)[0]), np.uint8)
    columns = np.fromfile(book, np.uint8)
    for _ in sys.stdin:
        started = time.perf_counter()
        np.copyto(region[: len(columns)], columns)
        print(json.dumps({"ms": (time.perf_counter() - started) * 1e3}), flush=True)


main()
