"""The peer of the simulation rows: NumPy, vectorised over whole arrays of paths or over blocks of them.

Usage: simulate_peer.py f64|f32 PATHS STEPS BLOCK_PATHS
Prices a European call (STEPS 1) or an arithmetic Asian call with STEPS equal fixings on geometric Brownian motion: spot 100,
strike 100, rate 0.03, yield 0.01, volatility 0.2, one year. For each line on stdin runs once and prints
{"ms": time, "estimate": price, "standardError": error}.
"""

import json
import math
import sys
import time

import numpy as np

SPOT, STRIKE, RATE, DIVIDEND_YIELD, VOLATILITY = 100.0, 100.0, 0.03, 0.01, 0.2


def payoffs(generator, real, paths, steps):
    drift = real((RATE - DIVIDEND_YIELD - 0.5 * VOLATILITY**2) / steps)
    deviation = real(VOLATILITY / math.sqrt(steps))
    log_price = np.zeros(paths, real)
    total = np.zeros(paths, real)
    normals = np.empty(paths, real)
    for _ in range(steps):
        generator.standard_normal(out=normals, dtype=real)
        normals *= deviation
        normals += drift
        log_price += normals
        np.exp(log_price, out=normals)
        total += normals
    total *= real(SPOT / steps)
    total -= real(STRIKE)
    return np.maximum(total, real(0), out=total)


def main():
    precision = sys.argv[1]
    paths, steps, block_paths = map(int, sys.argv[2:])
    real = np.float64 if precision == "f64" else np.float32
    generator = np.random.default_rng(1)
    discount = math.exp(-RATE)
    for _ in sys.stdin:
        started = time.perf_counter()
        total = squares = 0.0
        for begin in range(0, paths, block_paths):
            block = payoffs(generator, real, min(block_paths, paths - begin), steps).astype(np.float64, copy=False)
            total += block.sum()
            squares += block @ block
        mean = total / paths
        error = math.sqrt((squares / paths - mean * mean) / paths)
        elapsed = time.perf_counter() - started
        print(json.dumps({"ms": elapsed * 1e3, "estimate": discount * mean, "standardError": discount * error}), flush=True)


main()
