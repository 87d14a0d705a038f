#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What shines through between the shapes of drawings when they are shown larger or smaller.

    python3 bench/eval/hairlines.py DRAWING.svg...

Renderers blend the edges of each shape with what is painted so far: where two edges are one line, a part of what lies
behind them stays visible. A drawing is rasterised by rsvg-convert, and again four times as large without blending, of which
4 x 4 pixels are averaged. Printed for each scale, as a mean over the drawings: the share of pixels of which a channel
differs by more than 8 and 24 of 255, and the root of the mean squared difference. Needs what compare_drawings.py needs to
score, but no node.
"""
import argparse
import concurrent.futures
import re

import numpy as np

from compare_drawings import rasterise

SCALES = [0.37, 0.67, 1, 1.7, 3]
FINE = 4


def size_of(svg):
    """Of its head, in pixels: width and height, or the viewBox."""
    head = svg[:svg.index(b'>', svg.index(b'<svg'))].decode()
    sides = [re.search(rf'\s{side}="([0-9.]+)(?:px)?"', head) for side in ('width', 'height')]
    if all(sides):
        return [float(side.group(1)) for side in sides]
    return [float(v) for v in re.search(r'\sviewBox="([^"]*)"', head).group(1).split()[2:]]


def measure(path):
    with open(path, 'rb') as file:
        svg = file.read()
    crisp = svg.replace(b'<svg ', b'<svg shape-rendering="crispEdges" ', 1)
    rows = []
    for scale in SCALES:
        width, height = (max(round(side * scale), 1) for side in size_of(svg))
        fine = rasterise(crisp, FINE * width, FINE * height)[0]
        wanted = fine.reshape(height, FINE, width, FINE, 3).mean((1, 3))
        difference = np.abs(rasterise(svg, width, height)[0] - wanted)
        largest = difference.max(2)
        rows.append([100 * (largest > 8).mean(), 100 * (largest > 24).mean(), (difference**2).mean()])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('drawings', nargs='+', metavar='DRAWING.svg')
    paths = parser.parse_args().drawings
    with concurrent.futures.ProcessPoolExecutor() as pool:
        rows = np.mean(list(pool.map(measure, paths)), axis=0)
    print(f'{len(paths)} drawings\n\n| scale | off by more than 8 | by more than 24 | root mean square |\n|---|---|---|---|')
    for scale, (some, much, square) in zip(SCALES, rows):
        print(f'| {scale} | {some:.2f} % | {much:.3f} % | {square**0.5:.2f} |')


if __name__ == '__main__':
    main()
