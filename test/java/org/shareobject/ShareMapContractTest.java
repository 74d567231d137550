package org.shareobject;

import com.google.common.collect.testing.ConcurrentMapTestSuiteBuilder;
import com.google.common.collect.testing.TestStringMapGenerator;
import com.google.common.collect.testing.features.CollectionFeature;
import com.google.common.collect.testing.features.CollectionSize;
import com.google.common.collect.testing.features.MapFeature;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import junit.framework.Test;
import junit.framework.TestCase;
import junit.framework.TestResult;
import junit.framework.TestSuite;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The suites by which Guava tests its own concurrent maps. */
class ShareMapContractTest {
  private static final long CAPACITY = 64 << 10;

  private final List<ShareMap<?, ?>> opened = new ArrayList<>();

  @TestFactory
  DynamicNode shouldKeepTheContractOfConcurrentMap() {
    return dynamic(
        ConcurrentMapTestSuiteBuilder.using(new Generator())
            .named("ShareMap")
            .withFeatures(
                MapFeature.GENERAL_PURPOSE,
                CollectionFeature.SUPPORTS_ITERATOR_REMOVE,
                CollectionSize.ANY)
            .withTearDown(this::closeAll)
            .createTestSuite());
  }

  private void closeAll() {
    opened.forEach(ShareMap::close);
    opened.clear();
  }

  private static DynamicNode dynamic(Test test) {
    if (test instanceof TestSuite suite) {
      Stream<DynamicNode> parts =
          Collections.list(suite.tests()).stream().map(ShareMapContractTest::dynamic);
      return DynamicContainer.dynamicContainer(suite.getName(), parts);
    }
    return DynamicTest.dynamicTest(((TestCase) test).getName(), () -> run(test));
  }

  private static void run(Test test) throws Throwable {
    TestResult result = new TestResult();
    test.run(result);
    if (result.failureCount() > 0) {
      throw result.failures().nextElement().thrownException();
    }
    if (result.errorCount() > 0) {
      throw result.errors().nextElement().thrownException();
    }
  }

  private final class Generator extends TestStringMapGenerator {
    @Override
    protected Map<String, String> create(Map.Entry<String, String>[] entries) {
      ShareMap<String, String> map =
          ShareMap.builder(Codec.STRING, Codec.STRING).capacity(CAPACITY).openAnonymous();
      opened.add(map);
      for (Map.Entry<String, String> entry : entries) {
        map.put(entry.getKey(), entry.getValue());
      }
      return map;
    }
  }
}
