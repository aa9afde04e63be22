/** Signals as a program has them: six component types, 20 components of each, a context of three facts. */
const TYPES = ['model', 'tool', 'agent', 'threshold', 'prompt', 'memory'];
const TASKS = ['chat', 'proof', 'summary', 'search'];
const KINDS = ['analysis', 'verification', 'synthesis', 'extraction'];

/** `count` signals, the same each time; rewards around 0.7, so that nobody is disabled. */
export function signals(count) {
  return Array.from({ length: count }, (_, n) => ({
    source: 'trajectory',
    componentType: TYPES[n % TYPES.length],
    componentId: `c${(n * 7) % 20}`,
    reward: 0.5 + ((n * 37) % 50) / 100,
    context: {
      task: TASKS[n % 4],
      kind: KINDS[(n >> 2) % 4],
      tokens: (n * 97) % 4_000,
      value: 450 + (n % 3) * 50,
    },
  }));
}
