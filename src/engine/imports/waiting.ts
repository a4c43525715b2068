// Waiting for a server, as a stage of an import: the seconds that are left, told each second.

import type { Wait } from '../../hub/transport';

export interface Waits {
  begin(wait: Wait): void;
  /** Tells no more. */
  end(): void;
}

/** @param tell shows a stage; undefined when the wait is over */
export function tellWaits(tell: (stage: string | undefined) => void, now: () => number = Date.now): Waits {
  let until = 0;
  let words: (left: string) => string = (left) => left;
  let timer: ReturnType<typeof setInterval> | undefined;
  const end = () => {
    clearInterval(timer);
    timer = undefined;
  };
  const say = () => {
    const left = Math.ceil((until - now()) / 1000);
    if (left > 0) return tell(words(left < 100 ? `${left} s` : `${Math.ceil(left / 60)} min`));
    end();
    tell(undefined);
  };
  return {
    begin({ host, ms, asked }) {
      // of several windows that wait, the one that waits longest is told of
      if (timer !== undefined && now() + ms <= until) return;
      until = now() + ms;
      words = (left) => (asked ? `Waiting ${left}, as ${host} asks` : `Trying ${host} again in ${left}`);
      end();
      timer = setInterval(say, 1000);
      say();
    },
    end,
  };
}
