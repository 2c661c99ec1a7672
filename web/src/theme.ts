import { createTheme, type MantineColorsTuple } from '@mantine/core';

// One accent: its shade 7 is used on light, 4 on dark.
const green: MantineColorsTuple = [
  '#e9f6f2', '#d0ebe3', '#a4d9ca', '#74c7b0', '#3fb59d', '#2a9c85', '#1a8370', '#0f6b5c', '#0b564a', '#074137',
];

// Mantine draws dark surfaces, inputs and borders from these; base.css has the same.
const dark: MantineColorsTuple = [
  '#e7e8e6', '#c6c9cb', '#9aa0a8', '#757b83', '#3d434a', '#22262a', '#1a1d20', '#1a1d20', '#15181a', '#121416',
];

export const theme = createTheme({
  colors: { green, dark },
  primaryColor: 'green',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  lineHeights: { md: '1.45' },
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '20px' }, h2: { fontSize: '14px' } } },
  defaultRadius: 5,
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'compact-sm', variant: 'filled' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 28 } },
    TextInput: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs', allowDeselect: false } },
    Modal: { defaultProps: { transitionProps: { duration: 120 }, overlayProps: { backgroundOpacity: 0.35 } } },
    Drawer: { defaultProps: { transitionProps: { duration: 140 }, overlayProps: { backgroundOpacity: 0.25 } } },
    Menu: { defaultProps: { transitionProps: { duration: 80 }, shadow: 'sm', withinPortal: false, withInitialFocusPlaceholder: false } },
    Tooltip: { defaultProps: { openDelay: 350, transitionProps: { duration: 80 }, fz: 12 } },
  },
});
