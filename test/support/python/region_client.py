"""Acts on a mapped region as tests say: region_client.py COMMAND SOCKET ...

hold    creates a region, maps it, prints its id, and waits for ever
scribble ROUNDS  has another process flip bytes of columns and results while it prices them, and prints the statuses seen
"""

import os
import random
import signal
import sys
import time

import grpc

# The example as a module: what it defines, without the program at its end.
with open(os.path.join(os.path.dirname(__file__), "../../../examples/python/region.py")) as example:
    exec(example.read().split("\npath = ")[0])

ROWS = 200_000


def mapped(channel, path, size):
    created = fields(channel.unary_unary(SERVICE + "CreateRegion")(field(1, size), timeout=20))
    beside = os.path.join(os.path.dirname(path), created[4].decode())
    size, descriptor = descriptor_of(beside, created[1], created[2])
    return Region(created[1], created[2], mmap.mmap(descriptor, size)), created[1].decode()


def hold(channel, path):
    _, region_id = mapped(channel, path, 1 << 20)
    print(region_id, flush=True)
    time.sleep(600)


def chains(region):
    """A request of each operation, with every column and every result in the region."""
    types = region.column(3, array.array("B", [1, 2] * (ROWS // 2)))
    numbers = [array.array("d", [value] * ROWS) for value in (100.0, 101.0, 0.05, 0.01, 0.2, 0.5, 9.0)]
    spot, strike, rate, dividend_yield, volatility, years, price = (region.column(1, values) for values in numbers)
    result, mask, codes = (region.slice(size * ROWS)[0] for size in (8, 4, 1))

    def outputs(number, slices):
        return b"".join(field(number, field(1, name) + field(2, place)) for name, place in slices.items())

    contract = field(2, 1) + field(7, strike) + field(8, rate) + field(9, dividend_yield)
    priced = contract + field(4, types) + field(5, spot) + field(10, volatility) + field(11, years)
    implied = field(2, 1) + field(3, types) + field(4, spot) + field(6, strike) + field(7, rate)
    implied += field(8, dividend_yield) + field(9, years) + field(10, price)
    return {
        "/acceld.v1.PricingService/PriceOptions": priced + outputs(12, {b"price": result, b"undefined": mask}),
        "/acceld.v1.PricingService/ImpliedVolatility": implied + outputs(11, {b"volatility": result, b"status": codes}),
    }


def scribble(channel, path, rounds):
    region, _ = mapped(channel, path, 16 << 20)
    # Without a name, so that both processes see it: whether the other one writes.
    allowed = mmap.mmap(-1, 1)
    child = os.fork()
    if child == 0:
        while True:
            if allowed[0]:
                region.memory[random.randrange(region.used or len(region.memory))] = random.randrange(256)
    try:
        calls = chains(region)
        good = bytes(region.memory)
        seen = []
        for _ in range(int(rounds)):
            for path, request in calls.items():
                allowed[0] = 1
                try:
                    channel.unary_unary(path)(request, timeout=20)
                    seen.append("OK")
                except grpc.RpcError as error:
                    seen.append(error.code().name)
                allowed[0] = 0
            region.memory[:] = good
        time.sleep(0.05)
        region.memory[:] = good
        for path, request in calls.items():
            channel.unary_unary(path)(request, timeout=20)
        print(*sorted(set(seen)), len(seen))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


command, path, *rest = sys.argv[1:]
with grpc.insecure_channel(f"unix:{path}") as channel:
    {"hold": hold, "scribble": scribble}[command](channel, path, *rest)
