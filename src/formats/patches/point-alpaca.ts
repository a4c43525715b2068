// The files that pointnetwork/point-alpaca published, with the checksums that its README gives. Facts only.

export interface PublishedFile {
  /** The encrypted file's name, hash included. */
  readonly name: string;
  /** The decrypted file's name. */
  readonly plain: string;
  readonly sha256: string;
  /** MD5 of the encrypted file, and of the decrypted one. */
  readonly encMd5: string;
  readonly md5: string;
  /** Bytes of the decrypted file, where they are known. */
  readonly bytes?: number;
  /** Else the bytes of the tensors in it, which it cannot be shorter than. */
  readonly atLeast?: number;
}

/** The key: LLaMA-7B's consolidated.00.pth. For the person's information; another key is never refused for it. */
export const PUBLISHED_KEY = {
  name: 'consolidated.00.pth',
  bytes: 13_476_939_516,
  md5: '6efc8dab194ab59e49cd24be5574d85e',
} as const;

type Row = readonly [
  plain: string,
  sha256: string,
  encMd5: string,
  md5: string,
  bytes?: number | undefined,
  atLeast?: number,
];

const ROWS: readonly Row[] = [
  [
    'added_tokens.json',
    '75e3ca5df2973756aa612cb17246ef6020a68ff8d94671508987d373642f7a36',
    '4b8622230b59b3f3bcad791c8c1bae51',
    '880c59f7618832454595e9820960c360',
    21,
  ],
  [
    'config.json',
    'caf9cac32580e31af8254f66c5a070741d70b15a651721748189180325b7d5a8',
    '876376085d79041818bb7a41bced7819',
    'd39ed682be60de38e12c5d1974c45620',
    545,
  ],
  [
    'generation_config.json',
    'c5c8961ed243834883fb4e45e8850d3873d6100fde97817f59d275a90eba269d',
    '44b1feec4c0d1b7c87da24b81c8b8b9e',
    '5300908d1f82b0bc7a4bc79ea00dad66',
    137,
  ],
  [
    'special_tokens_map.json',
    '4ad09c72922c015ba04f09eabebe38fb34ecb721ca712922c62038eaf2d0bc61',
    '62503bbf4e91f2b50bf9834757d555d3',
    '40df8792c753f0d3f5786829efdd2954',
    96,
  ],
  [
    'tokenizer.model',
    '9e556afd44213b6bd1be2b850ebbbd98f5481437a8021afaf58ee7fb1818d347',
    '39ec1b33fbf9a0934a8ae0f9a24c7163',
    'eeec4125e9c7560836b4873b6f8e3025',
    499723,
  ],
  [
    'tokenizer_config.json',
    'a5f5efb2240276709a923b1404e08d93cc896fd1bd31fbe173e1e2789ea210ef',
    '2c34a03919b6b2b299ad6f77713d0ba0',
    'f2da7d9c67a3b7d2e60a17c540055b85',
    228,
  ],
  [
    'trainer_state.json',
    '43964ae247e74f4055fe1cf99a7a16efc3114402a1cd918b3cd9e2ebf2858ca9',
    '560ecf526666cbd485b81f0f16bb9972',
    '883795093c1f18baa9b111880b800bf1',
    73677,
  ],
  [
    'training_args.bin',
    '02f8c3ba14e3c48c05f76880975d7385c878b0e5a0863e352c82f331150d2bd4',
    'fe8b25ba7c8dd66d57ce1d3d60f13abd',
    'f07e553d22ebe37908bc996953f1bb11',
    3707,
  ],
  [
    'pytorch_model-00001-of-00003.bin',
    '90d2ab95a32aeb9362814d8b86db2af5454baab8ea3aa8230c271d6962abb9db',
    'd127aabb6ad5375bfa97c6ac529c166d',
    '5d17f8837f9f15538acd65b7d37add2c',
    undefined,
    9_877_964_288,
  ],
  [
    'pytorch_model-00002-of-00003.bin',
    'f3c10a4f5c8beafc6667d34557b64ba479e4dde6ef10672287857b329b7e3229',
    'e4b12501e99cf6a30a244af20f5c20ec',
    '834b0748527482d60236bc1ec0c71750',
    undefined,
    9_894_757_888,
  ],
  [
    'pytorch_model-00003-of-00003.bin',
    '72bf4c96aa6b0c7b56b0336791960da9c75de324ea1131ea4bfc20fde41115c8',
    'd212294c06feeb0f14672b68417dbc9e',
    '03dda8d1057b06632fecf399020353b4',
    undefined,
    7_180_977_152,
  ],
  [
    'pytorch_model.bin.index.json',
    '07ca8edea996b6c3274395fdb2b6c9108f2ffdd610ae55e35c126c21a9d535b1',
    'e813854dede95a03e5f5b459c7fb32b2',
    '82559775d42e04199b5a8be8df974b36',
    26788,
  ],
];

/** The twelve, weights last. */
export const PUBLISHED_FILES: readonly PublishedFile[] = ROWS.map(([plain, sha256, encMd5, md5, bytes, atLeast]) => {
  const name = `${plain}.${sha256}.enc`;
  return {
    name,
    plain,
    sha256,
    encMd5,
    md5,
    ...(bytes !== undefined && { bytes }),
    ...(atLeast !== undefined && { atLeast }),
  };
});

const BY_NAME = new Map(PUBLISHED_FILES.map((file) => [file.name, file]));

/** The published file of this whole name, its hash included; a file of another hash is another file. */
export function publishedFile(name: string): PublishedFile | undefined {
  return BY_NAME.get(name);
}
