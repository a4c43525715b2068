// Where a file lies: the Hub redirects to its storage, under an address that holds for a while. It is asked once, and
// again when that address does not lead to the file any more.

import { Fault } from './failures';
import { type Answer, type Asked, type RequestOptions, ask } from './request';

/** What a storage says of an address that has expired. */
const EXPIRED = new Set([400, 401, 403, 404, 410]);
/** Direct requests that may fail without an answer, before any has succeeded: some storages answer redirected pages only. */
const DIRECT_TRIES = 2;

export class Place {
  readonly #address: string;
  readonly #options: RequestOptions;
  /** Where the last redirect led. */
  #direct: string | undefined;
  /** The request that finds out, for others to wait for. */
  #finding: Promise<unknown> | undefined;
  #answersHere = false;
  #failures = 0;

  constructor(address: string, options: RequestOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** @throws Fault for an address that has expired; whatever `fetch` throws */
  async ask(asked: Asked): Promise<Answer> {
    while (this.#finding) await this.#finding;
    asked.signal.throwIfAborted();
    const direct = this.#direct;
    if (direct !== undefined) return this.#askDirectly(direct, asked);
    if (this.#answersHere) return ask(this.#address, this.#options, asked);
    const first = this.#find(asked);
    const finding = first.catch(() => {}).finally(() => this.#finding === finding && (this.#finding = undefined));
    this.#finding = finding;
    return first;
  }

  async #find(asked: Asked): Promise<Answer> {
    const answer = await ask(this.#address, this.#options, asked);
    const { response, url } = answer;
    const elsewhere = new URL(url).href !== new URL(this.#address).href;
    if (elsewhere && response.status === 403) throw expired(response.status);
    if (response.ok && elsewhere && this.#failures < DIRECT_TRIES) this.#direct = url;
    else if (response.ok) this.#answersHere = true;
    return answer;
  }

  async #askDirectly(direct: string, asked: Asked): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await ask(direct, this.#options, asked);
    } catch (error) {
      // what the person or an idle watch ended says nothing about the address
      if (!asked.signal.aborted) {
        this.#failures++;
        this.#forget(direct);
      }
      throw error;
    }
    const { status, ok } = answer.response;
    if (ok) this.#failures = -Infinity;
    if (!EXPIRED.has(status)) return answer;
    this.#forget(direct);
    // a new one is asked for at once
    throw expired(status, 0);
  }

  #forget(direct: string): void {
    if (this.#direct === direct) this.#direct = undefined;
  }
}

const expired = (status: number, wait?: number) =>
  new Fault('its storage refused the signed address', { status, wait });
