"""Prices an Asian option by Monte Carlo over acceld's Unix socket with grpcio alone: python3 simulate.py SOCKET

Prints a line for each message of the stream: estimate, standard error, paths.
"""

import struct
import sys

import grpc


def varint(number):
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def field(number, value):
    """One field of a protobuf message: a whole number, a float64, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def read(message):
    """The varint at the front, and the rest."""
    if message[0] < 0x80:
        return message[0], message[1:]
    high, rest = read(message[1:])
    return message[0] & 0x7F | high << 7, rest


def fields(message):
    """The fields of a message by number; a SimulateResponse has no other kinds than these three."""
    found = {}
    while message:
        key, message = read(message)
        if key & 7 == 1:
            value, message = struct.unpack("<d", message[:8])[0], message[8:]
        else:
            value, message = read(message)
        if key & 7 == 2:
            value, message = message[:value], message[value:]
        found[key >> 3] = value
    return found


months = b"".join(struct.pack("<d", month / 12) for month in range(1, 13))
asian = field(1, 1) + field(2, months)  # AVERAGING_ARITHMETIC, fixing_years
numbers = {3: 100.0, 4: 100.0, 5: 0.05, 6: 0.01, 7: 0.2, 8: 1.0}  # spot, strike, rate, yield, volatility, years
request = field(2, 1) + b"".join(field(number, value) for number, value in numbers.items())  # OPTION_TYPE_CALL
request += field(10, asian) + field(14, 0.0005) + field(17, 1)  # target error, control variate
request += field(19, field(2, 10_000_000))  # a report every 10 ms

with grpc.insecure_channel(f"unix:{sys.argv[1]}") as channel:
    for message in channel.unary_stream("/acceld.v1.PricingService/Simulate")(request, timeout=20):
        reply = fields(message)
        print(f"{reply[1]:.6f} ± {reply[2]:.6f} after {reply[3]} paths", flush=True)
