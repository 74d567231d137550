package org.shareobject.bench.run;

import java.util.List;

/**
 * Cases that are compared with each other, and so are measured in turn.
 *
 * @param name its name, also of its file
 * @param rounds how many rounds
 * @param cases the cases
 */
public record Suite(String name, int rounds, List<Case> cases) {}
