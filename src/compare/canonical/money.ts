/**
 * money: its text depends on lc_monetary of whoever printed it, and only one form is read without guessing.
 */
import { ExpectedError } from "../../errors.ts";

/**
 * The form of the locales C and en_US, `-$1,234.50`, as it is.
 *
 * @throws ExpectedError `money_locale` for any other: `1.234` is 1234 in one locale and 1.234 in another.
 */
export function checkMoney(text: string): string {
  if (/^-?\$\d{1,3}(,\d{3})*\.\d\d$/.test(text)) return text;
  throw new ExpectedError({ code: "money_locale", form: text.replace(/\d/g, "9") });
}
