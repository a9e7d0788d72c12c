/**
 * Which side goes on when the next lines of both must be set aside, and whose lines leave memory when it is full. Pairing is right
 * whatever is chosen here; a good choice brings streams together again of which one has a block of rows that the other has elsewhere.
 */
import { pendingBytes } from "./pending.ts";
import { hasLine, type Side } from "./side.ts";

/** If fewer lines than this part are found in memory, the streams are apart, not just shuffled. */
const RARE = 1 / 50;

/** If fewer than this part are found, memory holds too little of the shuffled streams to be worth its tables. */
const SELDOM = 1 / 2;

/** What the choices rest on. */
export interface Race {
  readonly production: Side;
  readonly local: Side;
  turn: Side;
  /** The side that set a line aside, if that came last. */
  lastAside: Side | undefined;
  /** The side that goes on alone, towards the lines at which the other one waits. */
  runner: Side | undefined;
  /** How many lines the runner still sets aside before the other one runs, and how many were allowed last. */
  left: number;
  distance: number;
  /** Lines set aside since the streams last agreed. */
  gap: number;
  /** Since memory was last full: lines set aside, lines found there, and how often the streams agreed. */
  asides: number;
  found: number;
  agreed: number;
}

/** Both sides at their beginning. */
export function startRace(production: Side, local: Side): Race {
  const run = { runner: undefined, left: 0, distance: 0 };
  const last = { turn: production, lastAside: undefined };
  return { production, local, ...last, ...run, gap: 0, asides: 0, found: 0, agreed: 0 };
}

/** The side other than this one. */
export function otherOf({ production, local }: Race, side: Side): Side {
  return side === production ? local : production;
}

/** The side whose next line is set aside; one of them has a line. */
export function nextAside(race: Race): Side {
  const side = race.runner ?? race.turn;
  return hasLine(side) ? side : otherOf(race, side);
}

/** The side has set its next line aside. */
export function noteAside(race: Race, side: Side): void {
  race.asides += 1;
  race.gap += 1;
  race.lastAside = side;
  race.turn = otherOf(race, side);
}

/** The side's next line was found in memory: it had been set aside too early, as the other stream is ahead. */
export function noteFound(race: Race, side: Side): void {
  race.found += 1;
  race.lastAside = undefined;
  race.turn = side;
}

/** The streams agree. If a line was set aside just before, rows were taken out of, or put into, that side. */
export function noteAgreement(race: Race): void {
  race.agreed += 1;
  race.gap = 0;
  race.turn = race.lastAside ?? race.turn;
  race.lastAside = undefined;
  race.runner = undefined;
}

/**
 * The side whose lines leave memory, which is full.
 *
 * Streams that were set apart by a block of rows come together again when one of them has read past the block and meets the lines
 * at which the other one waits. While both read on, a block of up to half the memory is bridged. Beyond that, one side waits and
 * keeps its lines, the other one runs and spills, and as nobody knows which of them has the block, they take turns, each time
 * three times as far: the block costs lines in proportion to its length, not all the rest of the table.
 */
export function sideToSpill(race: Race): Side {
  const { production, local } = race;
  const bytes = pendingBytes(production.pending) + pendingBytes(local.pending);
  const larger = 2 * pendingBytes(production.pending) > bytes ? production : local;
  const apart = isApart(race) && !isOver(production) && !isOver(local);
  const side = apart ? run(race) : undefined;
  race.runner = side;
  race.asides = 0;
  race.found = 0;
  race.agreed = 0;
  return side && 4 * pendingBytes(side.pending) > bytes ? side : larger;
}

function isApart({ found, asides }: Race): boolean {
  return found < asides * RARE;
}

/** Whether the streams agree again and again although lines wait, whose counterparts are far away: holding more of them gains little. */
export function isInStep(race: Race): boolean {
  return isApart(race) && race.agreed > race.asides / 2;
}

/** So many lines are missing on the other side while streams run in step. Beyond that they are apart, and lines that wait bring them together. */
const GAP = 32;

/** Whether the streams have agreed just before. */
export function isNear({ gap }: Race): boolean {
  return gap < GAP;
}

/** Whether rows come in so different an order that most lines leave memory before their counterpart comes. */
export function isShuffled(race: Race): boolean {
  return !isApart(race) && race.found < race.asides * SELDOM;
}

function isOver(side: Side): boolean {
  return side.ended && !hasLine(side);
}

/** The side that runs from now on. The lines that it left behind no longer help. */
function run(race: Race): Side {
  if (!race.runner) {
    race.distance = Math.max(race.distance, race.asides / 2);
    race.left = race.distance;
    // More often rows were moved or removed in local than in production, so that production has the block.
    return race.production;
  }
  race.left -= race.asides;
  if (race.left > 0) return race.runner;
  race.distance *= 3;
  race.left = race.distance;
  return otherOf(race, race.runner);
}
