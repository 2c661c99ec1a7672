import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';

/** Light or dark, and the way to the other. */
export function useScheme() {
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: false });
  const scheme = useComputedColorScheme('light');
  return { scheme, toggle: () => setColorScheme(scheme === 'dark' ? 'light' : 'dark') };
}
