/**
 * The shape of every function that turns one text of a value into another.
 */

/** The text in its other form; undefined when it is no text of the type, or when no certain form exists. */
export type Rewrite = (text: string) => string | undefined;
