// A form on the left, the response on the right, and the runs that were made beneath.
import './index.css';
import { For } from 'solid-js';
import { useApp } from '../context';
import { examples } from './instruct';
import { InstructForm } from './form';
import { History } from './history';
import { ResponseView } from './response';

export function InstructPage() {
  const { instruct } = useApp();
  const put = (instruction: string) => {
    instruct.setInstruction(instruction);
    instruct.setInput('');
  };
  return (
    <div class="page instruct">
      <h1>Instruct</h1>
      <div class="examples" role="group" aria-label="Examples">
        <For each={examples}>
          {({ label, instruction }) => (
            <button type="button" class="example" title={instruction} onClick={() => put(instruction)}>
              {label}
            </button>
          )}
        </For>
      </div>
      <div class="instruct-columns">
        <InstructForm />
        <ResponseView />
      </div>
      <History />
    </div>
  );
}
