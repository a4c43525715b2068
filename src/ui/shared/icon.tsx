// Line icons on a grid of 24, drawn here.
const paths = {
  chat: 'M4 5h16v11H10l-5 4v-4H4z',
  instruct: 'M5 4h14v16H5zM9 9h6M9 13h6M9 17h3',
  tune: 'M4 17c3 0 3-10 6-10s3 10 6 10 2-5 4-5',
  models: 'M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9',
  plus: 'M12 5v14M5 12h14',
  none: 'M8 12h8',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  close: 'M6 6l12 12M18 6L6 18',
  search: 'M11 5a6 6 0 100 12 6 6 0 000-12zM20 20l-4.7-4.7',
  settings: 'M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  done: 'M5 12.5l4.5 4.5L19 7.5',
  again: 'M19 12a7 7 0 11-2.1-5M19 4v4h-4',
  edit: 'M5 19l1-4L16 5l3 3L9 18z',
  undo: 'M8 5L4 9l4 4M4 9h9a6 6 0 010 11h-3',
  redo: 'M16 5l4 4-4 4M20 9h-9a6 6 0 000 11h3',
  compare: 'M4 5h7v14H4zM13 5h7v14h-7z',
  why: 'M5 19V9M10 19V5M15 19v-7M20 19v-4',
  left: 'M14 6l-6 6 6 6',
  right: 'M10 6l6 6-6 6',
  star: 'M12 4l2.5 5.2 5.7.7-4.2 3.9 1.1 5.6L12 16.6l-5.1 2.8L8 13.8 3.8 9.9l5.7-.7z',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  list: 'M4 6h16M4 12h16M4 18h10',
  system: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 4v16a8 8 0 000-16z',
  light:
    'M12 8a4 4 0 100 8 4 4 0 000-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4',
  dark: 'M19 14.5A8 8 0 019.5 5a7.5 7.5 0 109.5 9.5z',
} as const;

export type IconName = keyof typeof paths;

export function Icon(props: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[props.name]} />
    </svg>
  );
}
