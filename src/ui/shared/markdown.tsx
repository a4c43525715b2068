import { createMemo, For, Match, Show, Switch } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import { type Block, type Cell, type Inline, type ListItem, parseMarkdown, withoutUndecided } from './parse-markdown';
import { CodeBlock } from './code-block';

/** Markdown that may still be growing: blocks that are complete stay as they are, and a caret stands where text comes. */
export function Markdown(props: { text: string; growing?: boolean | undefined }) {
  const text = () => (props.growing ? withoutUndecided(props.text) : props.text);
  const blocks = createMemo<readonly Block[]>((before) => parseMarkdown(text(), before), []);
  return (
    <div class="markdown" classList={{ growing: props.growing === true }}>
      <Blocks blocks={blocks()} dir="auto" />
    </div>
  );
}

/** Blocks of the text say which way they run; what stands in them runs within that. */
function Blocks(props: { blocks: readonly Block[]; dir?: 'auto' }) {
  return <For each={props.blocks}>{(block) => <BlockView block={block} dir={props.dir} />}</For>;
}

function BlockView(props: { block: Block; dir: 'auto' | undefined }) {
  // a block never changes: another one takes its place
  // eslint-disable-next-line solid/reactivity
  const { block, dir } = props;
  switch (block.kind) {
    case 'paragraph':
      return (
        <p dir={dir}>
          <Inlines inlines={block.inlines} />
        </p>
      );
    case 'plain':
      return <Inlines inlines={block.inlines} />;
    case 'heading':
      // the page has its own h1 and h2
      return (
        <Dynamic component={`h${Math.min(6, block.depth + 2)}`} dir={dir}>
          <Inlines inlines={block.inlines} />
        </Dynamic>
      );
    case 'code':
      return <CodeBlock language={block.language} text={block.text} />;
    case 'quote':
      return (
        <blockquote dir={dir}>
          <Blocks blocks={block.blocks} />
        </blockquote>
      );
    case 'list':
      return (
        <Show
          when={block.start !== undefined}
          fallback={
            <ul dir={dir}>
              <Items items={block.items} />
            </ul>
          }
        >
          <ol dir={dir} start={block.start} style={{ '--digits': digitsOf(block.start, block.items.length) }}>
            <Items items={block.items} />
          </ol>
        </Show>
      );
    case 'table':
      return <Table header={block.header} rows={block.rows} dir={dir} />;
    case 'rule':
      return <hr />;
  }
}

/** Digits of an ordered list's longest number, which want room beside it. */
const digitsOf = (start: number | undefined, items: number) => String((start ?? 1) + items - 1).length;

function Items(props: { items: readonly ListItem[] }) {
  return (
    <For each={props.items}>
      {(item) => (
        <li classList={{ task: item.checked !== undefined }}>
          <Show when={item.checked !== undefined}>{item.checked ? '☑ ' : '☐ '}</Show>
          <Blocks blocks={item.blocks} />
        </li>
      )}
    </For>
  );
}

function Cells(props: { cells: readonly Cell[]; tag: 'td' | 'th' }) {
  return (
    <For each={props.cells}>
      {(cell) => (
        <Dynamic component={props.tag} class={cell.align ? `align-${cell.align}` : undefined}>
          <Inlines inlines={cell.inlines} />
        </Dynamic>
      )}
    </For>
  );
}

function Table(props: { header: readonly Cell[]; rows: readonly (readonly Cell[])[]; dir: 'auto' | undefined }) {
  return (
    <div class="table-scroll" dir={props.dir} tabindex="0" role="group" aria-label="Table">
      <table>
        <thead>
          <tr>
            <Cells cells={props.header} tag="th" />
          </tr>
        </thead>
        <tbody>
          <For each={props.rows}>
            {(row) => (
              <tr>
                <Cells cells={row} tag="td" />
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </div>
  );
}

function Inlines(props: { inlines: readonly Inline[] }) {
  return <For each={props.inlines}>{(inline) => <InlineView inline={inline} />}</For>;
}

function InlineView(props: { inline: Inline }) {
  const as = <K extends Inline['kind']>(kind: K) =>
    (props.inline.kind === kind ? props.inline : undefined) as Extract<Inline, { kind: K }> | undefined;
  const nested = () => {
    const { inline } = props;
    return inline.kind === 'strong' || inline.kind === 'em' || inline.kind === 'del' ? inline : undefined;
  };
  return (
    <Switch>
      <Match when={as('text')}>{(text) => text().text}</Match>
      <Match when={as('code')}>{(code) => <code>{code().text}</code>}</Match>
      <Match when={as('break')}>
        <br />
      </Match>
      <Match when={as('link')}>
        {(link) => (
          <a href={link().href} target="_blank" rel="noopener noreferrer">
            <Inlines inlines={link().inlines} />
          </a>
        )}
      </Match>
      <Match when={nested()}>
        {(mark) => (
          <Dynamic component={mark().kind}>
            <Inlines inlines={mark().inlines} />
          </Dynamic>
        )}
      </Match>
    </Switch>
  );
}
