FROM eclipse-temurin:21-jdk-jammy AS build
WORKDIR /workspace

COPY --chmod=0755 gradlew gradlew
COPY gradle/ gradle/
COPY settings.gradle.kts build.gradle.kts gradle.properties ./
RUN --mount=type=cache,id=gradle,target=/root/.gradle ./gradlew --no-daemon dependencies > /dev/null

COPY src ./src
RUN --mount=type=cache,id=gradle,target=/root/.gradle \
    ./gradlew --no-daemon clean bootJar -x test && \
    java -Djarmode=layertools -jar build/libs/*.jar extract --destination build/extracted

FROM build AS test
RUN --mount=type=cache,id=gradle,target=/root/.gradle ./gradlew --no-daemon check

FROM eclipse-temurin:21-jdk-jammy AS jre
RUN $JAVA_HOME/bin/jlink \
         --add-modules java.base,java.logging,java.naming,java.sql,jdk.unsupported \
         --strip-debug \
         --no-man-pages \
         --no-header-files \
         --compress=2 \
         --output /javaruntime

FROM debian:bookworm-slim
ENV JAVA_HOME=/opt/java/openjdk
ENV PATH "${JAVA_HOME}/bin:${PATH}"
COPY --from=jre /javaruntime $JAVA_HOME
RUN useradd -r -u 1001 -m spring
WORKDIR /application
COPY --from=build /workspace/build/extracted/dependencies/ ./
COPY --from=build /workspace/build/extracted/spring-boot-loader/ ./
COPY --from=build /workspace/build/extracted/snapshot-dependencies/ ./
COPY --from=build /workspace/build/extracted/application/ ./
USER spring
ENV JAVA_TOOL_OPTIONS="-XX:MaxRAMPercentage=75.0 -Dfile.encoding=UTF-8"
ENTRYPOINT ["java", "org.springframework.boot.loader.launch.JarLauncher"]

# long: files that are copied together are a list, which formatters lay out in several lines
