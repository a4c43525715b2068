// Which version of the page a window shows, and whether the host has another one by now.

/** Whether the page, as it would be loaded now, begins with another script than this window's did. */
export async function isNewVersion(): Promise<boolean> {
  const own = document.querySelector<HTMLScriptElement>('script[type="module"][src]')?.getAttribute('src');
  if (!own) return false;
  try {
    const response = await fetch('./index.html', { cache: 'no-store' });
    return response.ok && !(await response.text()).includes(own);
  } catch {
    return false;
  }
}

/** Whether an error is that of a part of the page that could not be fetched; each browser has its own words. */
export const isMissingPart = (error: unknown): boolean =>
  error instanceof Error &&
  /dynamically imported module|importing a module script failed|unable to preload css/i.test(error.message);
