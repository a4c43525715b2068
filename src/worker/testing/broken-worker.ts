/** A worker whose program cannot be fetched. */
export class BrokenWorker extends EventTarget {
  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new Event('error')), 5);
  }
  postMessage() {}
  terminate() {}
}
