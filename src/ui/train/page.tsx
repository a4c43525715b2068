/** What fine-tuning will be; it is not in this version. */
export function TrainPage() {
  return (
    <div class="page narrow">
      <h1>Fine-tune</h1>
      <p class="lead">Not in this version yet.</p>
      <p>
        Here a LoRA adapter will be trained on this device’s GPU, from a small file of instructions: drop it, see its
        mistakes, choose a plan that fits the memory, watch the loss fall, and talk to what comes out. It will be taken
        away as a PEFT adapter, a GGUF adapter or a merged checkpoint.
      </p>
      <p>
        Until then, models that were tuned elsewhere can be used: merge the adapter, convert the result to GGUF or
        safetensors, and add it under Models. Runs that are starred under Instruct can be exported as rows of a dataset.
      </p>
    </div>
  );
}
