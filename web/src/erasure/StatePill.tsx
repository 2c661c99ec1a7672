import type { RequestState } from '../api/erasure';
import { Pill } from '../ui/Pill';
import { stateName, toneOf } from './state';

export function StatePill(props: { state: RequestState }) {
  return <Pill tone={toneOf(props.state)}>{stateName(props.state)}</Pill>;
}
