import { createResource } from 'solid-js';
import { useApp } from '../context';
import { isMissingPart, isNewVersion } from './version';

/** Stands where a part of the page cannot: its files went with an old version, or there is no network. */
export function Missing(props: { error: unknown }) {
  const { reload } = useApp();
  const [isNew] = createResource(() => isMissingPart(props.error) && isNewVersion());
  const words = () => {
    if (!isMissingPart(props.error)) return 'This part of Pronk has failed.';
    return isNew()
      ? 'There is a new version of Pronk. This window shows the old one, whose files are gone.'
      : 'This part of Pronk could not be loaded. Check the connection.';
  };
  return (
    <div class="banner warning">
      <p role="alert">{words()} Reload this window; chats, models and runs are safe.</p>
      <button type="button" class="button" onClick={() => reload()}>
        Reload
      </button>
    </div>
  );
}
