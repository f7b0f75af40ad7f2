// Two halves with a stop each, the first target, the stop moved to the entry, the second target (docs/orders.md, "What is proven").
import { provePairs } from "./orderPairs.ts";

provePairs("bothTargets");
