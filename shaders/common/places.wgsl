// The place of each token of a micro-batch: sequences lie side by side without padding, and each sees only itself.
struct Place {
  position: u32, // in its own sequence
  start: u32,    // the sequence's first token in the batch
  end: u32,      // one past its last token
  row: u32,      // in the dataset; with the position it keys the dropout masks
}
