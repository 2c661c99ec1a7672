import { expect, test } from 'vitest';

import { wrongURI } from './nodes';

test.each(['thrift://a:9083', 'thrift://a', 'thrift://10.0.0.1:1', 'thrift://[::1]:9083', 'thrift://[::1]', ' thrift://a:9083/ '])('%s is a node', (uri) => {
  expect(wrongURI(uri)).toBeUndefined();
});

test.each(['', 'a:9083', 'http://a:9083', 'thrift://', 'thrift://a,thrift://b', 'thrift://u@a', 'thrift://a:0', 'thrift://a:99999', 'thrift://a:'])('%s is none', (uri) => {
  expect(wrongURI(uri)).toBeDefined();
});
