/**
 * Strongly connected components. Knows neither tables nor rows.
 */

/**
 * Groups nodes that need each other, directly or by a detour; every group comes after the groups that it needs.
 * The order follows `nodes` where needs leave a choice, so it is deterministic. Tarjan's algorithm, without recursion:
 * a chain of references may be as long as a table.
 */
export function components<T>(
  nodes: readonly T[],
  needs: (node: T) => readonly T[],
): readonly (readonly T[])[] {
  const found: (readonly T[])[] = [];
  const state = new Map<T, { index: number; low: number; open: boolean }>();
  const stack: T[] = [];
  for (const start of nodes) {
    if (state.has(start)) continue;
    const work: { node: T; targets: readonly T[]; next: number }[] = [enter(start)];
    while (work.length > 0) {
      const frame = work[work.length - 1];
      if (!frame) break;
      const own = state.get(frame.node);
      if (!own) throw new Error("a visited node has no state");
      const target = frame.targets[frame.next];
      if (frame.next < frame.targets.length && target !== undefined) {
        frame.next += 1;
        const seen = state.get(target);
        if (!seen) work.push(enter(target));
        else if (seen.open) own.low = Math.min(own.low, seen.index);
        continue;
      }
      work.pop();
      const parent = work[work.length - 1];
      const above = parent && state.get(parent.node);
      if (above) above.low = Math.min(above.low, own.low);
      if (own.low === own.index) found.push(close(frame.node));
    }
  }
  return found;

  function enter(node: T): { node: T; targets: readonly T[]; next: number } {
    state.set(node, { index: state.size, low: state.size, open: true });
    stack.push(node);
    return { node, targets: needs(node), next: 0 };
  }

  function close(root: T): readonly T[] {
    const members: T[] = [];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const own = state.get(node);
      if (own) own.open = false;
      members.push(node);
      if (node === root) break;
    }
    return members.reverse();
  }
}
