// The charts, by name. Each draws into an <svg> of the width it gets, so letters keep their size,
// and takes every colour from the page's tokens through its classes.
import { areas } from "./areas.js";
import { bars } from "./bars.js";
import { heat } from "./heat.js";
import { hours } from "./hours.js";
import { lanes } from "./lanes.js";
import { line, spark } from "./line.js";
import { map } from "./map.js";
import { range } from "./range.js";
import { shares } from "./shares.js";

export const PLOTS = { areas, bars, heat, hours, lanes, line, map, range, shares, spark };
