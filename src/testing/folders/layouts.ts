// What is in the folders that programs write and publishers upload: names, and what each is to be taken for.

/** A folder as it is on disk. */
export interface Layout {
  readonly title: string;
  /**
   * A file a line: its path, what it is taken for where the folder is given to the page (`-` for nothing, `left` where it
   * is no part of any model), and `hub` where the Hub's files are chosen from the same names and it is fetched.
   */
  readonly files: string;
  /** What configurations say, by path, where the walk's own contents do not do. */
  readonly json?: Readonly<Record<string, object>>;
  /** Contents of templates, by path. */
  readonly text?: Readonly<Record<string, string>>;
  /** What a chat of one message becomes; undefined where the folder brings no template. */
  readonly prompt?: string;
}

const template = (name: string) => `${name}: {{ messages[0].content }}`;

export const LAYOUTS: readonly Layout[] = [
  {
    title: 'transformers 4.30',
    files: `config.json config hub
      generation_config.json generationConfig hub
      pytorch_model-00001-of-00002.bin torch hub
      pytorch_model-00002-of-00002.bin torch hub
      pytorch_model.bin.index.json torchIndex hub
      added_tokens.json addedTokens hub
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer.model tokenizerModel hub
      tokenizer_config.json tokenizerConfig hub
      trainer_state.json -
      training_args.bin torch`,
  },
  {
    title: 'transformers 4.45',
    files: `config.json config hub
      generation_config.json generationConfig hub
      model.safetensors safetensors hub
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub
      optimizer.pt torch
      rng_state.pth torch
      scheduler.pt torch
      trainer_state.json -
      training_args.bin torch`,
    json: { 'tokenizer_config.json': { chat_template: template('configuration') } },
    prompt: 'configuration: Hi',
  },
  {
    title: 'transformers 4.45, a template for tools beside the default one',
    files: `config.json config hub
      model.safetensors safetensors hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub`,
    json: {
      'tokenizer_config.json': {
        chat_template: [
          { name: 'tool_use', template: template('tools') },
          { name: 'default', template: template('default') },
        ],
      },
    },
    prompt: 'default: Hi',
  },
  {
    title: 'transformers 5',
    files: `chat_template.jinja chatTemplate hub
      config.json config hub
      generation_config.json generationConfig hub
      model-00001-of-00002.safetensors safetensors hub
      model-00002-of-00002.safetensors safetensors hub
      model.safetensors.index.json index hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub`,
    text: { 'chat_template.jinja': template('file') },
    json: { 'tokenizer_config.json': { chat_template: template('configuration') } },
    prompt: 'file: Hi',
  },
  {
    title: 'transformers 5, several templates',
    files: `chat_template.jinja chatTemplate hub
      additional_chat_templates/rag.jinja namedTemplates hub
      additional_chat_templates/tool_use.jinja namedTemplates hub
      config.json config hub
      generation_config.json generationConfig hub
      model.safetensors safetensors hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub`,
    text: {
      'chat_template.jinja': template('file'),
      'additional_chat_templates/rag.jinja': template('rag'),
      'additional_chat_templates/tool_use.jinja': template('tools'),
    },
    prompt: 'file: Hi',
  },
  {
    title: 'a processor of transformers 4',
    files: `chat_template.json chatTemplateJson hub
      config.json config hub
      model.safetensors safetensors hub
      preprocessor_config.json -
      processor_config.json -
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub`,
    json: {
      'chat_template.json': { chat_template: template('processor') },
      'tokenizer_config.json': { chat_template: template('configuration') },
      'preprocessor_config.json': { image_processor_type: 'Gemma3ImageProcessor' },
      'processor_config.json': { processor_class: 'Gemma3Processor' },
    },
    prompt: 'processor: Hi',
  },
  {
    title: 'mlx-lm',
    files: `.gitattributes -
      README.md readme hub
      chat_template.jinja chatTemplate hub
      config.json config hub
      generation_config.json generationConfig hub
      model.safetensors safetensors hub
      model.safetensors.index.json index
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub`,
    text: { 'chat_template.jinja': template('file') },
    prompt: 'file: Hi',
  },
  {
    title: 'Unsloth, merged and converted in one folder',
    files: `Modelfile -
      README.md readme hub
      chat_template.jinja chatTemplate hub
      config.json config hub
      generation_config.json generationConfig hub
      model.safetensors safetensors hub
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub
      unsloth.Q4_K_M.gguf gguf`,
    text: { 'chat_template.jinja': template('file') },
    prompt: 'file: Hi',
  },
  {
    title: 'Llama 3.2',
    files: `.gitattributes -
      LICENSE.txt -
      README.md readme hub
      USE_POLICY.md -
      config.json config hub
      generation_config.json generationConfig hub
      model.safetensors safetensors hub
      original/consolidated.00.pth left
      original/params.json left
      original/tokenizer.model left
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub`,
    json: { 'tokenizer_config.json': { chat_template: template('configuration') } },
    prompt: 'configuration: Hi',
  },
  {
    title: 'the folder original/ of Llama 3.2 alone',
    files: `consolidated.00.pth torch hub
      params.json params hub
      tokenizer.model tokenizerModel hub`,
  },
  {
    title: 'Qwen3',
    files: `.gitattributes -
      LICENSE -
      README.md readme hub
      config.json config hub
      generation_config.json generationConfig hub
      merges.txt merges
      model-00001-of-00002.safetensors safetensors hub
      model-00002-of-00002.safetensors safetensors hub
      model.safetensors.index.json index hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub
      vocab.json vocabulary`,
    json: { 'tokenizer_config.json': { chat_template: template('configuration') } },
    prompt: 'configuration: Hi',
  },
  {
    title: 'a byte-level vocabulary in two files',
    files: `config.json config hub
      merges.txt merges hub
      model.safetensors safetensors hub
      tokenizer_config.json tokenizerConfig hub
      vocab.json vocabulary hub`,
  },
  {
    title: 'SmolLM2, with what other programs and training left',
    files: `README.md readme hub
      all_results.json -
      config.json config hub
      eval_results.json -
      generation_config.json generationConfig hub
      merges.txt merges
      model.safetensors safetensors hub
      onnx/config.json left
      onnx/model.onnx left
      onnx/model_q4f16.onnx left
      coreml/float32_model.mlpackage/Data/com.apple.CoreML/weights/weight.bin left
      runs/Oct31/events.out.tfevents.1730 left
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub
      train_results.json -
      trainer_state.json -
      training_args.bin torch
      vocab.json vocabulary`,
    json: { 'tokenizer_config.json': { chat_template: template('configuration') } },
    prompt: 'configuration: Hi',
  },
  {
    title: 'SmolLM3',
    files: `README.md readme hub
      chat_template.jinja chatTemplate hub
      config.json config hub
      generation_config.json generationConfig hub
      model-00001-of-00002.safetensors safetensors hub
      model-00002-of-00002.safetensors safetensors hub
      model.safetensors.index.json index hub
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub`,
    text: { 'chat_template.jinja': template('file') },
    prompt: 'file: Hi',
  },
  {
    title: 'Gemma 3',
    files: `README.md readme hub
      added_tokens.json addedTokens hub
      config.json config hub
      generation_config.json generationConfig hub
      model.safetensors safetensors hub
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer.model tokenizerModel hub
      tokenizer_config.json tokenizerConfig hub`,
    json: { 'tokenizer_config.json': { chat_template: template('configuration') } },
    prompt: 'configuration: Hi',
  },
  {
    title: 'TinyLlama, in both containers',
    files: `README.md readme hub
      config.json config hub
      eval_results.json -
      generation_config.json generationConfig hub
      model.safetensors safetensors hub
      pytorch_model.bin torch
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer.model tokenizerModel hub
      tokenizer_config.json tokenizerConfig hub`,
    json: { 'tokenizer_config.json': { chat_template: template('configuration') } },
    prompt: 'configuration: Hi',
  },
  {
    title: 'OpenLLaMA',
    files: `LICENSE.txt -
      README.md readme hub
      config.json config hub
      generation_config.json generationConfig hub
      pytorch_model.bin torch hub
      special_tokens_map.json specialTokensMap hub
      tokenizer.model tokenizerModel hub
      tokenizer_config.json tokenizerConfig hub`,
  },
  {
    title: 'Mistral, in its own layout too',
    files: `README.md readme hub
      SYSTEM_PROMPT.txt -
      config.json config hub
      consolidated.safetensors safetensors
      generation_config.json generationConfig hub
      model-00001-of-00002.safetensors safetensors hub
      model-00002-of-00002.safetensors safetensors hub
      model.safetensors.index.json index hub
      params.json params
      special_tokens_map.json specialTokensMap hub
      tekken.json -
      tokenizer.json tokenizerJson hub
      tokenizer.model tokenizerModel hub
      tokenizer.model.v3 -
      tokenizer_config.json tokenizerConfig hub`,
    json: {
      'tokenizer_config.json': { chat_template: template('configuration') },
      'tekken.json': { config: { pattern: '.' }, vocab: [], special_tokens: [] },
    },
    prompt: 'configuration: Hi',
  },
  {
    title: 'AutoGPTQ and AutoAWQ, with a configuration of their own',
    files: `config.json config hub
      generation_config.json generationConfig hub
      model.safetensors safetensors hub
      quantize_config.json quantizeConfig hub
      special_tokens_map.json specialTokensMap hub
      tokenizer.json tokenizerJson hub
      tokenizer.model tokenizerModel hub
      tokenizer_config.json tokenizerConfig hub`,
    json: {
      'quantize_config.json': { bits: 4, group_size: 128 },
    },
  },
  {
    title: 'steps of a training on the way to a model',
    files: `checkpoint-500/config.json left
      checkpoint-500/model.safetensors left
      checkpoint-500/tokenizer.json left
      checkpoint-500/optimizer.pt left
      config.json config hub
      model.safetensors safetensors hub
      tokenizer.json tokenizerJson hub
      tokenizer_config.json tokenizerConfig hub`,
  },
];
