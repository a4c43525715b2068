// Where each token of a micro-batch stands: sequences lie side by side without padding, and each sees itself only.
struct Place {
  position: u32, // in its own sequence
  start: u32,    // the sequence's first token in the batch
  end: u32,      // after its last
  row: u32,      // of the dataset: with the position it keys the dropout masks
}
