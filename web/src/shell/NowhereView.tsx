import { Link } from '@tanstack/react-router';

import { Empty } from '../ui/Empty';

export function NowhereView() {
  return <Empty action={<Link to="/query">Go to Query</Link>}>There is no page at this address.</Empty>;
}
