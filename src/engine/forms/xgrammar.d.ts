// What tools/xgrammar-plugin.ts makes of the package: its types, an instance at a time.
declare module '@mlc-ai/web-xgrammar/instance' {
  type Package = typeof import('@mlc-ai/web-xgrammar');

  /** A fresh instance; what it says goes to `console`. */
  export default function instance(console: Pick<Console, 'log' | 'warn' | 'error'>): Package;
}
