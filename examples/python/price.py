"""Prices one call option over acceld's Unix socket with grpcio alone: python3 price.py SOCKET"""

import struct
import sys

import grpc


def varint(number):
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def field(number, value):
    """One field of a protobuf message: a whole number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def column(number, dtype, data):
    """A Tensor of one element, which holds for every row. dtype 1 is float64, 3 is a byte."""
    return field(number, field(1, dtype) + field(2, varint(1)) + field(3, data))


def read(message):
    """The varint at the front, and the rest."""
    if message[0] < 0x80:
        return message[0], message[1:]
    high, rest = read(message[1:])
    return message[0] & 0x7F | high << 7, rest


def fields(message):
    """The fields of a message by number; acceld's replies have no other kinds than these two."""
    found = {}
    while message:
        key, message = read(message)
        value, message = read(message)
        if key & 7 == 2:
            value, message = message[:value], message[value:]
        found[key >> 3] = value
    return found


numbers = {5: 100.0, 7: 105.0, 8: 0.05, 9: 0.01, 10: 0.2, 11: 0.5}  # spot, strike, rate, yield, volatility, years
request = field(2, 1) + column(4, 3, b"\x01")  # OPTION_MODEL_BLACK_SCHOLES_MERTON, OPTION_TYPE_CALL
request += b"".join(column(number, 1, struct.pack("<d", value)) for number, value in numbers.items())

with grpc.insecure_channel(f"unix:{sys.argv[1]}") as channel:
    reply = channel.unary_unary("/acceld.v1.PricingService/PriceOptions")(request, timeout=5)
price = fields(reply)[2]
print(struct.unpack("<d", fields(price)[3])[0])
