import { createContext, useContext } from 'solid-js';
import type { AppState } from './app-state';

export const AppContext = createContext<AppState>();

/** The page's state. Only inside App. */
export function useApp(): AppState {
  const app = useContext(AppContext);
  if (!app) throw new Error('useApp() is called outside of App.');
  return app;
}
