import { CopyButton } from './copy-button';

/** Code with its language's name; a long line scrolls. */
export function CodeBlock(props: { language: string; text: string }) {
  return (
    <figure class="code-block" dir="ltr">
      <figcaption data-language={props.language || 'text'}>
        <CopyButton label="Copy code" text={() => props.text} />
      </figcaption>
      <pre tabindex="0">
        <code>{props.text}</code>
      </pre>
    </figure>
  );
}
