/** The pictures in index.html, `#i-…`. */
export type IconName =
  | 'bolt'
  | 'bolt-outline'
  | 'spinner'
  | 'check'
  | 'cross'
  | 'clock'
  | 'question'
  | 'plus'
  | 'list'
  | 'down'
  | 'dot'
