// The Natural Earth projection, of Tom Patterson (2007), by the polynomials that Bojan Šavrič,
// Bernhard Jenny, Tom Patterson, Dušan Petrovič and Lorenz Hurni gave it: "A Polynomial Equation
// for the Natural Earth Projection", Cartography and Geographic Information Science 38(4), 2011.

const radians = Math.PI / 180;

const length = (p2: number, p4: number) => 0.8707 - 0.131979 * p2 + p4 * (-0.013791 + p4 * (0.003971 * p2 - 0.001529 * p4));
const height = (p2: number, p4: number) => 1.007226 + p2 * (0.015085 + p4 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4));

/** Where degrees of longitude and latitude lie on the map: x to the right, y up, in degrees of the equator. */
export function project(longitude: number, latitude: number): [number, number] {
  const p = Math.max(-90, Math.min(90, latitude)) * radians;
  const p2 = p * p;
  const p4 = p2 * p2;
  return [longitude * length(p2, p4), (p * height(p2, p4)) / radians];
}

/** The degrees of a place on the map, by Newton's method on the latitude. */
export function unproject(x: number, y: number): [number, number] {
  const target = y * radians;
  let p = target;
  for (let i = 0; i < 25; i++) {
    const p2 = p * p;
    const p4 = p2 * p2;
    const slope = 1.007226 + p2 * (3 * 0.015085 + p4 * (7 * -0.044475 + 9 * 0.028874 * p2 - 11 * 0.005916 * p4));
    const step = (p * height(p2, p4) - target) / slope;
    p -= step;
    if (Math.abs(step) < 1e-9) break;
  }
  const p2 = p * p;
  return [x / length(p2, p2 * p2), p / radians];
}
