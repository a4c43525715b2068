// The one function of fs-native-extensions that is used here; the package brings no types.
declare module 'fs-native-extensions' {
  /** Locks an open file for as long as it is open; false while another has it. @throws NodeJS.ErrnoException */
  export function tryLock(fd: number): boolean;
}
