import { createSignal, createUniqueId } from 'solid-js';
import { formatNumber } from '../shared/format';
import type { Range } from './settings';
import { Explained } from '../shared/explained';

/** One control: a slider, and its number to type. */
export function SettingRow(props: { control: Range; value: number; onSet: (value: number) => void }) {
  const id = createUniqueId();
  const value = () => props.value;
  const [said, setSaid] = createSignal('');
  const set = (text: string) => text !== '' && props.onSet(Number(text));
  /** A number that was typed is taken as near as it may be, and that is said. */
  const type = (text: string) => {
    const { min, max, label } = props.control;
    set(text);
    const other = text === '' || Number(text) !== value();
    setSaid(
      other
        ? `${label} can be from ${formatNumber(min)} to ${formatNumber(max)}; it is now ${formatNumber(value())}.`
        : '',
    );
  };
  return (
    <div class="setting">
      <Explained for={id} label={props.control.label} explanation={props.control.explanation}>
        <input
          class="number"
          type="number"
          aria-label={`${props.control.label}, as a number`}
          min={props.control.min}
          max={props.control.max}
          step={props.control.step}
          value={value()}
          onChange={(event) => {
            type(event.currentTarget.value);
            event.currentTarget.value = String(value());
          }}
        />
      </Explained>
      <input
        id={id}
        type="range"
        min={props.control.min}
        max={props.control.max}
        step={props.control.step}
        value={value()}
        style={{ '--share': (value() - props.control.min) / (props.control.max - props.control.min) }}
        onInput={(event) => {
          setSaid('');
          set(event.currentTarget.value);
        }}
      />
      <p class="hint" role="status">
        {said()}
      </p>
    </div>
  );
}
