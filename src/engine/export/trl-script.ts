// The files of a TRL folder that are the same for every run.

/** Trains what the folder holds, in the order in which Pronk would have. */
export const TRAIN_PY = `"""Trains the LoRA of this folder with TRL: python train.py --model BASE, or accelerate launch … (README.md)."""
import argparse
import json
import math
from pathlib import Path

import torch
from datasets import Dataset
from peft import PeftModel
from torch.utils.data import DataLoader
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

FOLDER = Path(__file__).resolve().parent
# has no label, so it adds nothing: fills up what does not divide among the processes
NOTHING = {"input_ids": [0], "labels": [-100]}


def lines(name):
    with open(FOLDER / name, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


class Rows(torch.utils.data.Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index] if index >= 0 else NOTHING


class Batches:
    """The micro-batches of one of several processes, step by step, as batches.jsonl lists them."""

    def __init__(self, steps, process, processes):
        self.steps, self.process, self.processes = steps, process, processes
        self.each = math.ceil(max(map(len, steps)) / processes)

    def __len__(self):
        return len(self.steps) * self.each

    def __iter__(self):
        for step in self.steps:
            padded = step + [[-1]] * (self.each * self.processes - len(step))
            yield from padded[self.process :: self.processes]


class Trainer(SFTTrainer):
    """Reads rows in a given order, and has LoRA+'s learning rate for B where one is set."""

    batches = None
    rows = None
    ratio = None

    def get_train_dataloader(self):
        return DataLoader(Rows(self.rows), batch_sampler=self.batches, collate_fn=self.data_collator)

    def create_optimizer(self, *args, **kwargs):
        if self.ratio is None:
            return super().create_optimizer(*args, **kwargs)
        trained = [(name, value) for name, value in self.model.named_parameters() if value.requires_grad]
        rate = self.args.learning_rate
        groups = [
            {"params": [value for name, value in trained if "lora_B" not in name], "lr": rate},
            {"params": [value for name, value in trained if "lora_B" in name], "lr": rate * self.ratio},
        ]
        args = self.args
        betas = (args.adam_beta1, args.adam_beta2)
        self.optimizer = torch.optim.AdamW(groups, betas=betas, eps=args.adam_epsilon, weight_decay=args.weight_decay)
        return self.optimizer


def main():
    with open(FOLDER / "training.json", encoding="utf-8") as file:
        run = json.load(file)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=run["model"], help="base model: a folder, or a name on the Hub")
    parser.add_argument("--out", default=str(FOLDER / "result"), help="where the adapter goes")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"], help="of the base model")
    parser.add_argument("--steps", type=int, help="only so many updates")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    given = parser.parse_args()

    steps = lines("batches.jsonl")
    config = SFTConfig(output_dir=given.out, **run["arguments"])
    batches = Batches(steps, config.process_index, config.world_size)
    config.gradient_accumulation_steps = batches.each
    if given.steps:
        config.max_steps = given.steps

    model = AutoModelForCausalLM.from_pretrained(given.model, dtype=getattr(torch, given.dtype))
    model.config.use_cache = False
    model = PeftModel.from_pretrained(model, str(FOLDER), is_trainable=True)
    rows, held = lines("train.jsonl"), lines("validation.jsonl")
    trainer = Trainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list(rows),
        eval_dataset=Dataset.from_list(held) if held else None,
        processing_class=AutoTokenizer.from_pretrained(given.model),
    )
    trainer.batches, trainer.rows, trainer.ratio = batches, rows, run["loraplus_lr_ratio"]
    trainer.train(resume_from_checkpoint=given.resume or None)
    trainer.save_model(given.out)
    trainer.save_state()


if __name__ == "__main__":
    main()
`;

/** Accelerate's configuration for several GPUs that share the base model's weights. */
export const FSDP_YAML = `compute_environment: LOCAL_MACHINE
distributed_type: FSDP
downcast_bf16: 'no'
fsdp_config:
  fsdp_auto_wrap_policy: TRANSFORMER_BASED_WRAP
  fsdp_cpu_ram_efficient_loading: true
  fsdp_reshard_after_forward: true
  fsdp_state_dict_type: FULL_STATE_DICT
  fsdp_version: 2
machine_rank: 0
main_training_function: main
mixed_precision: 'no'
num_machines: 1
num_processes: 2
rdzv_backend: static
same_network: true
use_cpu: false
`;

/** With these it was tried. */
export const REQUIREMENTS = `accelerate>=1.0
datasets>=3.0
peft>=0.18
torch>=2.6
transformers>=5.0
trl>=1.0
`;
