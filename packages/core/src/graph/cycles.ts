/**
 * One cycle for each group of nodes that wait for each other: Tarjan's strongly connected components, without
 * recursion, and within each the shortest way round. In the order of the nodes.
 */
export function findCycles<N>(nodes: readonly N[], needs: (node: N) => readonly N[]): N[][] {
  const index = new Map<N, number>();
  const low = new Map<N, number>();
  const onStack = new Set<N>();
  const stack: N[] = [];
  const cycles: N[][] = [];
  const place = new Map(nodes.map((node, at) => [node, at]));
  let counter = 0;

  const visit = (root: N): void => {
    const work: { node: N; next: Iterator<N> }[] = [];
    const open = (node: N): void => {
      index.set(node, counter);
      low.set(node, counter);
      counter += 1;
      stack.push(node);
      onStack.add(node);
      work.push({ node, next: needs(node).values() });
    };
    open(root);
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const step = top.next.next();
      if (step.done !== true) {
        if (!index.has(step.value)) open(step.value);
        else if (onStack.has(step.value))
          low.set(top.node, Math.min(low.get(top.node) as number, index.get(step.value) as number));
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent !== undefined)
        low.set(parent.node, Math.min(low.get(parent.node) as number, low.get(top.node) as number));
      if (low.get(top.node) !== index.get(top.node)) continue;
      const members = new Set<N>();
      for (let member = stack.pop() as N; ; member = stack.pop() as N) {
        onStack.delete(member);
        members.add(member);
        if (member === top.node) break;
      }
      if (members.size > 1 || needs(top.node).includes(top.node)) {
        let first = top.node;
        for (const member of members) {
          if ((place.get(member) ?? Infinity) < (place.get(first) ?? Infinity)) first = member;
        }
        cycles.push(wayRound(first, members, needs));
      }
    }
  };
  for (const node of nodes) if (!index.has(node)) visit(node);
  return cycles;
}

/** The shortest way from `start` back to itself inside `members`, breadth first. */
function wayRound<N>(start: N, members: ReadonlySet<N>, needs: (node: N) => readonly N[]): N[] {
  const from = new Map<N, N>();
  const queue: N[] = [start];
  for (let at = 0; at < queue.length; at += 1) {
    const node = queue[at] as N;
    for (const next of needs(node)) {
      if (next === start) {
        const path = [node];
        for (let step = node; step !== start;) {
          step = from.get(step) as N;
          path.push(step);
        }
        return path.reverse();
      }
      if (members.has(next) && !from.has(next)) {
        from.set(next, node);
        queue.push(next);
      }
    }
  }
  return [start];
}
