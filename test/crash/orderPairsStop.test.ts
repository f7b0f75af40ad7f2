// An entry, its stop, and the stop is hit (docs/orders.md, "What is proven").
import { provePairs } from "./orderPairs.ts";

provePairs("shortStopped");
