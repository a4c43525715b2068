import { createSignal } from 'solid-js';
import { Icon } from '../shared/icon';
import { Menu } from '../shared/menu';
import { RenameDialog } from '../shared/rename-dialog';
import { useApp } from '../context';
import type { Conversation } from '../shared/conversation';
import { download, fileName } from '../shared/downloads';
import { toJson, toMarkdown } from './export';

/** Rename, take away, delete. */
export function ConversationActions(props: { conversation: Conversation }) {
  const { chats } = useApp();
  const [renaming, setRenaming] = createSignal(false);
  const title = () => props.conversation.title;
  const items = () => [
    { label: 'Rename', run: () => setRenaming(true) },
    {
      label: 'Export as Markdown',
      run: () => download(fileName(title(), 'md'), toMarkdown(props.conversation), 'text/markdown'),
    },
    {
      label: 'Export as JSON',
      run: () => download(fileName(title(), 'json'), toJson(props.conversation), 'application/json'),
    },
    { label: 'Delete', run: () => chats.remove(props.conversation.id) },
  ];
  return (
    <>
      <Menu label={`More about “${title()}”`} items={items()}>
        <Icon name="more" />
      </Menu>
      <RenameDialog
        open={renaming()}
        name={title()}
        onClose={() => setRenaming(false)}
        onDone={(name) => chats.rename(props.conversation.id, name)}
      />
    </>
  );
}
