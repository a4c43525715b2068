import { createMemo, For, Match, Show, Switch } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import { type Block, type Cell, type Inline, type ListItem, parseMarkdown } from '../state/markdown';
import { CodeBlock } from './code-block';

/** Markdown that may still be growing: blocks that are complete stay as they are. */
export function Markdown(props: { text: string }) {
  const blocks = createMemo<readonly Block[]>((before) => parseMarkdown(props.text, before), []);
  return (
    <div class="markdown">
      <Blocks blocks={blocks()} />
    </div>
  );
}

function Blocks(props: { blocks: readonly Block[] }) {
  return <For each={props.blocks}>{(block) => <BlockView block={block} />}</For>;
}

function BlockView(props: { block: Block }) {
  // a block never changes: another one takes its place
  // eslint-disable-next-line solid/reactivity
  const { block } = props;
  switch (block.kind) {
    case 'paragraph':
      return (
        <p>
          <Inlines inlines={block.inlines} />
        </p>
      );
    case 'plain':
      return <Inlines inlines={block.inlines} />;
    case 'heading':
      // the page has its own h1 and h2
      return (
        <Dynamic component={`h${Math.min(6, block.depth + 2)}`}>
          <Inlines inlines={block.inlines} />
        </Dynamic>
      );
    case 'code':
      return <CodeBlock language={block.language} text={block.text} />;
    case 'quote':
      return (
        <blockquote>
          <Blocks blocks={block.blocks} />
        </blockquote>
      );
    case 'list':
      return (
        <Show
          when={block.start !== undefined}
          fallback={
            <ul>
              <Items items={block.items} />
            </ul>
          }
        >
          <ol start={block.start}>
            <Items items={block.items} />
          </ol>
        </Show>
      );
    case 'table':
      return <Table header={block.header} rows={block.rows} />;
    case 'rule':
      return <hr />;
  }
}

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
        <Dynamic component={props.tag} class={cell.align && `align-${cell.align}`}>
          <Inlines inlines={cell.inlines} />
        </Dynamic>
      )}
    </For>
  );
}

function Table(props: { header: readonly Cell[]; rows: readonly (readonly Cell[])[] }) {
  return (
    <div class="table-scroll" tabindex="0" role="group" aria-label="Table">
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
