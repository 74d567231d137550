package org.shareobject.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Skips the tests of a class where there is no Node, before anything of the class runs. So no
 * method that ends a test meets what the one that begins it has not made.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsNode.Condition.class)
public @interface NeedsNode {
  /** Starts Node to learn whether it works. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      // Once for the class, not again for each of its tests.
      if (context.getTestMethod().isPresent()) {
        return ConditionEvaluationResult.enabled("the class may run");
      }
      String failure = Host.failure("node", "--version");
      return failure == null
          ? ConditionEvaluationResult.enabled("node works")
          : ConditionEvaluationResult.disabled("needs that node is installed, but: " + failure);
    }
  }
}
