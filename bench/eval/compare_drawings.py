#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drawings of this library beside VTracer's, at equal bytes and at equal quality.

    bench/eval/compare_drawings.py --draw build/release/bench/eval/dht_draw_photos --vectorizer DIR --output out PHOTO...
    bench/eval/compare_drawings.py --draw build/release/bench/eval/dht_draw_photos --vectorizer DIR --output out --samples

PHOTO are PNG or JPEG files. DIR is a folder in which `npm install @neplex/vectorizer` was run (VTracer as a native build,
with its own optimiser); it, node, rsvg-convert and the Python packages numpy, scipy, scikit-image, Pillow and matplotlib
are needed here and nowhere else. Written to `out`: every drawing, scores.csv, table.md, curve.png.

VTracer draws polygons with 8 bits a channel over a grid of its two settings that matter, each file optimised; of these
the best at each size count. With --samples the six drawings of bench/eval/sample_drawings.cpp take the place of photos;
with --fluid ours have no width and height. Every drawing is rasterised by rsvg-convert at the photo's size on white. Bytes
are those under gzip -9. PSNR and SSIM (7 x 7 windows) are over RGB; GMSD (Xue et al. 2014; lower is better) over luma.
"""
import argparse
import concurrent.futures
import csv
import gzip
import io
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import convolve, uniform_filter
from skimage.metrics import structural_similarity

SIZES = [15, 25, 40, 70, 120]  # kB
# Filter speckle and gradient step: about one setting for every sixth of an octave of bytes.
GRID = [(16, 96), (16, 64), (16, 48), (16, 32), (8, 48), (8, 32), (4, 32), (4, 24), (4, 16), (2, 16), (1, 16),
        (1, 12), (1, 8), (1, 6), (1, 4), (1, 2)]
PRICES = [36000, 21000, 12000, 7000, 4200, 2400, 1400, 750, 420, 240, 140]
SAMPLE_PRICES = [round(6e6 * 0.72**k) for k in range(34)]  # fine steps: one more region is much in a small drawing

VTRACER = """
import fs from 'fs'; import path from 'path'; import {vectorizeSync, optimizeSync} from '@neplex/vectorizer';
const [output, grid, ...photos] = process.argv.slice(2);
for (const photo of photos)
  for (const [speckle, step] of JSON.parse(grid)) {
    const drawing = vectorizeSync(fs.readFileSync(photo), {colorMode: 0, hierarchical: 0, filterSpeckle: speckle,
      colorPrecision: 8, layerDifference: step, mode: 1, cornerThreshold: 60, lengthThreshold: 4, maxIterations: 10,
      spliceThreshold: 45, pathPrecision: 0});
    fs.writeFileSync(path.join(output, `${path.parse(photo).name}__vtracer-${speckle}-${step}.svg`),
      optimizeSync(drawing, {}));
  }
"""


def gmsd(a, b):
    luma = np.array([0.299, 0.587, 0.114])
    prewitt = np.array([[1, 0, -1]] * 3) / 3

    def gradient(image):
        small = uniform_filter(image.astype(float) @ luma, 2)[::2, ::2]
        return np.hypot(convolve(small, prewitt), convolve(small, prewitt.T))

    one, other = gradient(a), gradient(b)
    return float(((2 * one * other + 170) / (one**2 + other**2 + 170)).std())


def rasterise(svg, width, height):
    run = subprocess.run(['rsvg-convert', '--unlimited', '-w', str(width), '-h', str(height), '-f', 'png'],
                         input=svg, capture_output=True, check=True)
    rgba = np.asarray(Image.open(io.BytesIO(run.stdout)).convert('RGBA'))
    alpha = rgba[..., 3:] / 255
    return np.rint(rgba[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8), float((rgba[..., 3] < 250).mean())


def score(job):
    svg_path, photo = job
    reference = np.asarray(Image.open(photo).convert('RGB'))
    height, width = reference.shape[:2]
    svg = svg_path.read_bytes()
    image, uncovered = rasterise(svg, width, height)
    error = max(np.mean((image.astype(float) - reference)**2), 1e-9)
    stem, _, setting = svg_path.stem.partition('__')
    return {'photo': stem, 'tool': setting.partition('-')[0], 'setting': setting,
            'gzip': len(gzip.compress(svg, 9, mtime=0)), 'bytes': len(svg), 'shapes': svg.count(b'<path'),
            'psnr': 10 * math.log10(255**2 / error),
            'ssim': float(structural_similarity(reference, image, channel_axis=2, data_range=255)),
            'gmsd': gmsd(reference, image), 'uncovered': uncovered}


def best(rows, rate, quality, sign):
    """The settings that no cheaper one surpasses: logarithms of rates, qualities."""
    points = []
    for r in sorted(rows, key=lambda r: (float(r[rate]), -sign * float(r[quality]))):
        if not points or sign * float(r[quality]) > points[-1][1]:
            points.append((math.log(float(r[rate])), sign * float(r[quality])))
    return np.array(points).T


def at_size(rows, quality, kb, sign=1):
    """Quality at a size; beyond the largest drawing its own: more bytes would not be used."""
    rates, values = best(rows, 'gzip', quality, sign)
    x = math.log(1000 * kb)
    return sign * float(np.interp(x, rates, values)) if x >= rates[0] else None


def ratio(ours, theirs, rate):
    """Our rate over theirs at equal PSNR: the mean, in logarithms, over the range that both reach."""
    (r1, q1), (r2, q2) = best(ours, rate, 'psnr', 1), best(theirs, rate, 'psnr', 1)
    low, high = max(q1[0], q2[0]), min(q1[-1], q2[-1])
    if low >= high:
        return None
    at = np.linspace(low, high, 65)
    return float(np.mean(np.interp(at, q1, r1) - np.interp(at, q2, r2)))


def mean(values):
    values = [v for v in values if v is not None]
    return (float(np.mean(values)), len(values)) if values else (float('nan'), 0)


def compare(rows, out):
    photos = sorted({r['photo'] for r in rows})
    of = {(p, t): [r for r in rows if r['photo'] == p and r['tool'] == t] for p in photos for t in ('dht', 'vtracer')}
    lines = ['| kB gzip | PSNR | VTracer | | SSIM | VTracer | GMSD | VTracer | photos |', '|---|---|---|---|---|---|---|---|---|']
    for kb in SIZES:
        cells = {}
        pairs = [p for p in photos if all(at_size(of[p, t], 'psnr', kb) is not None for t in ('dht', 'vtracer'))]
        for quality, sign in (('psnr', 1), ('ssim', 1), ('gmsd', -1)):
            for tool in ('dht', 'vtracer'):
                cells[quality, tool] = mean([at_size(of[p, tool], quality, kb, sign) for p in pairs])[0]
        gain = cells['psnr', 'dht'] - cells['psnr', 'vtracer']
        lines.append(f"| {kb} | {cells['psnr', 'dht']:.2f} | {cells['psnr', 'vtracer']:.2f} | {gain:+.2f} dB | "
                     f"{cells['ssim', 'dht']:.3f} | {cells['ssim', 'vtracer']:.3f} | "
                     f"{cells['gmsd', 'dht']:.3f} | {cells['gmsd', 'vtracer']:.3f} | {len(pairs)} |")
    lines.append('')
    for rate, name in (('gzip', 'bytes (gzip)'), ('bytes', 'bytes (plain)'), ('shapes', 'shapes')):
        value, count = mean([ratio(of[p, 'dht'], of[p, 'vtracer'], rate) for p in photos])
        lines.append(f'At equal PSNR: {math.exp(value):.3f} of the {name}, over {count} photos.  ')
    for p in photos if len(photos) <= 8 else []:
        value = ratio(of[p, 'dht'], of[p, 'vtracer'], 'gzip')
        if value is not None:
            lines.append(f'{p}: {math.exp(value):.3f} of the bytes (gzip).  ')
    uncovered = max(float(r['uncovered']) for r in rows if r['tool'] == 'dht')
    lines.append(f'Largest share of uncovered pixels: {uncovered:.6f}.')
    (out / 'table.md').write_text('\n'.join(lines) + '\n')
    print('\n'.join(lines))
    plot(of, photos, out)


def plot(of, photos, out):
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), dpi=100)
    sizes = np.geomspace(8, 130, 25)
    for ax, quality, sign, name in zip(axes, ('psnr', 'ssim', 'gmsd'), (1, 1, -1), ('PSNR, dB', 'SSIM', 'GMSD (lower is better)')):
        for tool, label, color in (('dht', 'this library', '#06c'), ('vtracer', 'VTracer, polygons, optimised', '#c60')):
            curve = [[at_size(of[p, tool], quality, s, sign) for p in photos] for s in sizes]
            points = [(s, np.mean(c)) for s, c in zip(sizes, curve) if None not in c]
            if points:
                ax.plot(*zip(*points), color=color, label=label)
        ax.set_xscale('log')
        ax.set_xticks(SIZES, [str(s) for s in SIZES])
        ax.minorticks_off()
        ax.set_xlabel('kB under gzip')
        ax.set_title(name, fontsize=10)
        ax.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(out / 'curve.png')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('photos', nargs='*', type=Path)
    parser.add_argument('--samples', action='store_true', help='the six drawings instead of photos')
    parser.add_argument('--draw', type=Path, required=True, help='the program dht_draw_photos')
    parser.add_argument('--vectorizer', type=Path, required=True, help='folder with node_modules/@neplex/vectorizer')
    parser.add_argument('--fluid', action='store_true', help='our drawings without width and height, which their viewBox implies')
    parser.add_argument('--output', type=Path, required=True)
    parser.add_argument('--jobs', type=int, default=2)
    args = parser.parse_args()
    ours, theirs, images = (args.output / name for name in ('dht', 'vtracer', 'images'))
    for folder in (ours, theirs, images):
        folder.mkdir(parents=True, exist_ok=True)
    if args.samples:
        subprocess.run([args.draw.resolve(), args.output / 'samples', '--samples'], check=True)
        args.photos = sorted((args.output / 'samples').glob('*.png'))
    photos = {}
    for path in args.photos:  # both tools get the same pixels
        photos[path.stem] = images / (path.stem + '.png')
        Image.open(path).convert('RGB').save(photos[path.stem])
    prices = [word for p in (SAMPLE_PRICES if args.samples else PRICES) for word in ('--price', str(p))]
    subprocess.run([args.draw.resolve(), ours, *photos.values(), *prices, *(['--fluid'] if args.fluid else [])], check=True)
    script = args.vectorizer / 'compare_drawings.mjs'
    script.write_text(VTRACER)
    missing = [p for stem, p in photos.items() if not (theirs / f'{stem}__vtracer-{GRID[-1][0]}-{GRID[-1][1]}.svg').exists()]  # VTracer takes long, and draws the same again
    if missing:
        subprocess.run(['node', script.resolve(), theirs.resolve(), str([list(g) for g in GRID]),
                        *[p.resolve() for p in missing]], check=True)
    jobs = [(svg, photos[svg.stem.partition('__')[0]]) for folder in (ours, theirs)
            for svg in sorted(folder.glob('*.svg')) if svg.stem.partition('__')[0] in photos]
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        rows = list(pool.map(score, jobs, chunksize=4))
    with open(args.output / 'scores.csv', 'w', newline='') as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    compare(rows, args.output)


if __name__ == '__main__':
    sys.exit(main())
