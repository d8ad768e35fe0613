#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does every architecture learn? Each is trained for a short fixed budget on one
system and judged by the error of one step on held-out simulations, next to the
baseline: persistence or, for steady problems, predicting the mean.

    architectures.py WEIR [--out DIR] [--steps N] [MODEL[@SYSTEM]...]

Without a choice, every model that `weir list models` names on every system here
that it can do. A run that is there already, in DIR, is not run again; one that
was interrupted goes on. Exit status 1 when a model does not beat its baseline.
"""
import argparse
import os
import re
import resource
import subprocess
import sys

COMMON = """
run: {seed: 1}
placement: {groups: 1}
acquisition: {strategy: uniform}
validation: {trajectories: 8}
checkpoint: {every: 50}
"""
SYSTEMS = {
    "kdv": """
solver: {name: kdv, points: 160}
simulations: {budget: 100, steps: 50}
reservoir: {capacity: 1000, watermark: 200}
training: {batch: 20, micro_batch: 5, learning_rate: 1e-3}
test: {trajectories: 100, rollout_steps: 10}
""",
    "ks2d": """
solver: {name: ks2d, points: 32, length: 16, dt: 0.5, substeps: 5, order: 2, warmup: 100}
simulations: {budget: 60, steps: 20}
reservoir: {capacity: 400, watermark: 80}
training: {batch: 8, micro_batch: 4, learning_rate: 1e-3}
test: {trajectories: 32, rollout_steps: 10}
""",
    "sources": """
solver: {name: sources, points: 50, radius: 3}
simulations: {budget: 2000, steps: 1}
reservoir: {capacity: 500, watermark: 100}
training: {batch: 16, micro_batch: 8, learning_rate: 1e-3, loss: wmae_tanh}
test: {trajectories: 128}
""",
    "heat2d": """
solver: {name: heat2d, points: 32}
simulations: {budget: 250, steps: 50}
reservoir: {capacity: 4000, watermark: 1000}
training: {batch: 32, micro_batch: 16, learning_rate: 1e-3}
test: {trajectories: 64}
""",
}
# model: options small enough for a minute, gradient steps, systems
MODELS = {
    "convnet": ("width: 32, depth: 6", 600, "kdv ks2d"),
    "resnet": ("width: 16, blocks: 4", 600, "kdv ks2d"),
    "dilresnet": ("width: 16, blocks: 1", 600, "kdv ks2d"),
    "unet": ("width: 16, levels: 2", 600, "kdv ks2d"),
    "fno": ("width: 16, modes: 12", 600, "kdv ks2d"),
    "mlp": ("width: 512, depth: 2", 4000, "kdv ks2d"),
    "direct": ("width: 128, depth: 2", 2000, "heat2d"),
    "modern_unet": ("width: 8", 600, "kdv ks2d"),
    "scot": ("width: 24, patch: 2", 600, "ks2d"),
    "smart_cnn": ("width: 8", 600, "sources"),
    "smart_unet": ("width: 8", 600, "sources"),
}
# A perceptron knows nothing of neighbours or of translations: what holds at one
# place it learns anew at every other, and 1200 samples are too few for a plane.
OTHERWISE = {
    ("mlp", "ks2d"): ("width: 1024, depth: 1", 3000,
                      ["simulations.budget=600", "reservoir.capacity=12000",
                       "reservoir.watermark=2000", "training.batch=32",
                       "training.micro_batch=32"]),
}
# It learns from an equation, not from simulations.
APART = {"pinn"}


def cases(weir, chosen):
    if chosen:
        for word in chosen:
            model, _, system = word.partition("@")
            for s in [system] if system else MODELS[model][2].split():
                yield model, s
        return
    listed = subprocess.run([weir, "list", "models"], capture_output=True,
                            text=True, check=True).stdout
    for name in re.findall(r"^  (\S+) ", listed, re.M):
        if name in APART:
            continue
        if name not in MODELS:
            raise SystemExit(f"architectures: no settings for model '{name}'")
        for system in MODELS[name][2].split():
            yield name, system


def settings(model, system):
    """Its options, its gradient steps, and what else is set for it alone."""
    options, steps, _ = MODELS[model]
    return OTHERWISE.get((model, system), (options, steps, []))


def train(weir, out, model, system, steps):
    options, usual, changes = settings(model, system)
    folder = os.path.join(out, f"{model}-{system}")
    report = folder + ".txt"
    if not os.path.exists(report):
        config = folder + ".yaml"
        with open(config, "w", encoding="ascii") as f:
            f.write(f"{COMMON}{SYSTEMS[system]}"
                    f"model: {{name: {model}, {options}}}\n")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [weir, "run", config, "--out", folder, "--resume", "--quiet"]
        for change in [f"training.steps={steps or usual}"] + changes:
            command += ["--set", change]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(f"architectures: {model} on {system}: status "
                             f"{done.returncode}\n{done.stderr}")
        cpu = sum(getattr(after, k) - getattr(before, k)
                  for k in ("ru_utime", "ru_stime"))
        with open(report, "w", encoding="utf-8") as f:
            f.write(f"{done.stderr}{done.stdout}cpu {cpu:.1f}\n")
    with open(report, encoding="utf-8") as f:
        return f.read()


def figures(text):
    mean = re.search(r"^ +mean +(\S+) +([\d.]+)x (below|ABOVE) (.+)$", text, re.M)
    steps = re.search(r"^ +(\d+) gradient steps", text, re.M)
    cpu = re.search(r"^cpu (\S+)$", text, re.M)
    factor = float(mean[2]) if mean[3] == "below" else 1 / float(mean[2])
    return mean[1], factor, mean[4], steps[1], float(cpu[1])


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip())
    parser.add_argument("weir")
    parser.add_argument("choice", nargs="*")
    parser.add_argument("--out", default="architectures")
    parser.add_argument("--steps", type=int)
    a = parser.parse_intermixed_args()
    os.makedirs(a.out, exist_ok=True)
    print(f"{'model':12} {'on':8} {'options':24} {'steps':>5} {'CPU s':>6} "
          f"{'error':>9}  against the baseline")
    worse = 0
    for model, system in cases(a.weir, a.choice):
        error, factor, baseline, steps, cpu = figures(
            train(a.weir, a.out, model, system, a.steps))
        worse += factor <= 1
        options = settings(model, system)[0]
        print(f"{model:12} {system:8} {options:24} {steps:>5} {cpu:6.0f} "
              f"{error:>9}  {factor:.1f}x below {baseline}", flush=True)
    sys.exit(1 if worse else 0)


main()
