import { describe, expect, it } from 'vitest';
import { chooseMime, isPlainTable, storedSize } from './mime-choice.ts';

describe('mime choice', () => {
  it('RU19: takes the richest form', () => expect(chooseMime({ 'text/plain': 'x', 'image/png': 'AA==' })?.mime).toBe('image/png'));
  it('WB7: never takes JavaScript', () => {
    expect(chooseMime({ 'application/javascript': 'alert(1)', 'text/plain': 'x' })?.mime).toBe('text/plain');
    expect(chooseMime({ 'application/javascript': 'alert(1)' })).toBeNull();
  });
  it('WB6: a DataFrame is a table, and nothing that runs is', () => {
    expect(isPlainTable('<div><table class="dataframe"></table></div>')).toBe(true);
    expect(isPlainTable('<table></table><script>1</script>')).toBe(false);
    expect(isPlainTable('<table><tr><td><img src="https://elsewhere.test/seen"></td></tr></table>')).toBe(false);
  });
  it('WB6: reads the stored size', () => {
    expect(storedSize({ 'image/png': { width: 640, height: 480 } }, 'image/png')).toEqual({ width: 640, height: 480 });
    expect(storedSize({}, 'image/png')).toBeNull();
  });
});
