/**
 * How grave a finding is.
 */

/** Blocking findings stop `script` until they are answered. */
export type Severity = "notice" | "warning" | "blocking";

const SEVERITIES: readonly Severity[] = ["blocking", "warning", "notice"];

/** Blocking findings first, then warnings, then notices; in the order given within each. */
export function bySeverity<Found extends { readonly severity: Severity }>(
  findings: readonly Found[],
): readonly Found[] {
  return SEVERITIES.flatMap((wanted) => findings.filter(({ severity }) => severity === wanted));
}
