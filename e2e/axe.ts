// Findings of axe, the accessibility checker, that keep people out.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright/test';

/** Serious and critical findings in a part of the page. */
export async function findings(page: Page, within = 'html'): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).include(within).analyze();
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
