import type { Analysis, Definition } from '../api/dash';
import { type Choices, ConflictDialog } from '../ui/Conflict';
import { differences } from './definition';
import { titleOf } from './VisualCard';

/** Somebody else saved an analysis first: what differs, and whose stays. */
export function Conflict(props: Choices & { mine: Definition; theirs: Analysis }) {
  const what = differences(props.mine, props.theirs.definition, titleOf);
  return (
    <ConflictDialog {...props} what="analysis">
      <ul>
        {what.map((w) => (
          <li key={w}>{w}</li>
        ))}
        {what.length === 0 && <li>only the name differs, or nothing</li>}
      </ul>
    </ConflictDialog>
  );
}
