"""Shows that TRL trains an exported run as Pronk does. Needs torch, transformers, peft, trl, accelerate, datasets, and stories260K.

    venv/bin/python -P tools/golden/trl.py src/testing/fixtures/tales

Exports a run (src/engine/export/trl.test.ts), trains it with the folder's own train.py in one process and in two, and with
Pronk's command line; prints the largest difference of any loss, and fails above 1e-3. As its control a folder whose batches
are in another order must differ. FSDP needs GPUs (Accelerate leaves it out on a CPU): of fsdp.yaml is only checked that
Accelerate takes it.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from accelerate.commands.config.config_args import load_config_from_file

ROOT = Path(__file__).resolve().parents[2]
QUIET = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
LAUNCH = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_machines", "1"]


def run(*command, cwd=ROOT, **more):
    done = subprocess.run(command, cwd=cwd, env={**QUIET, **more}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
    return done.stdout


def pronk(folder, name, model):
    lines = run(
        "node", "tools/headless.mjs", "train", "--model", model, "--data", folder / "data.jsonl",
        "--config", folder / f"{name}.json", "--out", folder / f"{name}-pronk",
    ).splitlines()
    steps = [json.loads(line) for line in lines]
    return [step["loss"] for step in steps if "step" in step], [s["validation"]["loss"] for s in steps if "validation" in s]


def trl(folder, out, model, launch):
    run(*launch, "train.py", "--model", model, "--out", out, cwd=folder)
    history = json.loads((out / "trainer_state.json").read_text())["log_history"]
    return [e["loss"] for e in history if "loss" in e], [e["eval_loss"] for e in history if "eval_loss" in e]


def difference(a, b):
    assert len(a[0]) == len(b[0]) and len(a[1]) == len(b[1]), (a, b)
    return max(abs(x - y) for i in (0, 1) for x, y in zip(a[i], b[i]))


def main():
    model = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run("npx", "vitest", "run", "--project", "node", "src/engine/export/trl", PRONK_TRL_OUT=scratch)
        two = [*LAUNCH, "--num_processes", "2", "--mixed_precision", "no"]
        for name in ("plain", "plus"):
            ours = pronk(folder, name, model)
            for how, launch in {"1 process": [sys.executable], "2 processes": two}.items():
                worst = difference(ours, trl(folder / name, folder / f"{name} {how}", model, launch))
                print(f"{name}, {how}: {len(ours[0])} losses, {len(ours[1])} validations, largest difference {worst:.2e}")
                assert worst < 1e-3
        config = load_config_from_file(str(folder / "plain" / "fsdp.yaml"))
        assert config.distributed_type == "FSDP" and config.fsdp_config["fsdp_version"] == 2
        other = folder / "other"
        shutil.copytree(folder / "plain", other)
        lines = (other / "batches.jsonl").read_text().splitlines()
        (other / "batches.jsonl").write_text("\n".join(reversed(lines)) + "\n")
        worst = difference(pronk(folder, "plain", model), trl(other, folder / "control", model, [sys.executable]))
        print(f"control, batches in another order: {worst:.2e}")
        assert worst > 1e-3


main()
