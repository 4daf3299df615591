#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka_client.h"
#include "trigpoint/base/status.h"
#include "trigpoint/log/kafka_topics.h"
#include "visible_tail.h"

namespace trigpoint {
namespace {

constexpr absl::Duration kWriterServe = absl::Milliseconds(100);
constexpr absl::Duration kWriterRetryAfter = absl::Seconds(1);

/// Purges what is under way, and serves its answers.
void AnswerAll(rd_kafka_t* client) {
  rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_outq_len(client) > 0) rd_kafka_poll(client, ToMillis(kWriterServe));
}

void OnWritten(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* /*opaque*/) {
  const std::unique_ptr<TopicWriter::Done> done(static_cast<TopicWriter::Done*>(message->_private));
  (*done)(message->err == RD_KAFKA_RESP_ERR_NO_ERROR
              ? absl::OkStatus()
              : FromKafka(message->err, "a message is not acknowledged"));
}

}  // namespace

struct TopicWriter::Impl {
  explicit Impl(TopicWriterOptions its_options) : options(std::move(its_options)) {}

  absl::StatusOr<KafkaOwned<rd_kafka_t>> NewClient();
  absl::Status Produce(TopicMessage message, Done done);
  void Serve();
  bool Replace();  // false = closing

  const TopicWriterOptions options;
  BrokerWatch watch;  // outlives the client
  std::mutex mutex;   // orders messages, and guards the client against its replacement
  KafkaOwned<rd_kafka_t> client;
  std::atomic<bool> closing = false;
  std::atomic<int64_t> close_by_ns = 0;
  int given_up = 0;
  std::mutex close_mutex;
  std::thread server;
};

absl::StatusOr<KafkaOwned<rd_kafka_t>> TopicWriter::Impl::NewClient() {
  KafkaSettings settings(options.connection, &watch);
  settings.Set({{"enable.idempotence", "true"},
                {"acks", "all"},
                // What every client reads: those of Python and Node.js know no lz4 by themselves.
                {"compression.type", "gzip"},
                {"linger.ms", "2"},
                {"message.max.bytes", absl::StrCat(2 * kTopicValueBytesMax)},
                {"message.timeout.ms", absl::StrCat(ToMillis(options.delivery_timeout))},
                // Java's choice; librdkafka's own is another.
                {"partitioner", "murmur2_random"},
                // A topic that is made in a moment is waited for; one that is not, not for long.
                {"topic.metadata.propagation.max.ms", "5000"},
                {"allow.auto.create.topics", "false"}});
  rd_kafka_conf_set_dr_msg_cb(settings.conf(), OnWritten);
  return settings.New(RD_KAFKA_PRODUCER);
}

absl::Status TopicWriter::Impl::Produce(TopicMessage message, Done done) {
  if (message.value.size() > kTopicValueBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("a message of ", message.value.size(),
                                                   " bytes is larger than ", kTopicValueBytesMax));
  }
  KafkaOwned<rd_kafka_headers_t> headers(rd_kafka_headers_new(message.headers.size()));
  for (const auto& [name, text] : message.headers) {
    rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), text.data(),
                        static_cast<ssize_t>(text.size()));
  }
  const char* const key = message.key.has_value() ? message.key->data() : nullptr;
  const size_t key_size = message.key.has_value() ? message.key->size() : 0;
  auto answer = std::make_unique<Done>(std::move(done));
  const std::lock_guard lock(mutex);
  if (closing.load()) return ClosedError();
  if (client == nullptr) return absl::UnavailableError("Kafka: the writer is made anew; try again");
  // An array, not rd_kafka_producev: its macros are no C++ to clang.
  std::array<rd_kafka_vu_t, 6> parts{};
  parts[0] = {.vtype = RD_KAFKA_VTYPE_TOPIC, .u = {.cstr = message.topic.c_str()}};
  parts[1] = {.vtype = RD_KAFKA_VTYPE_KEY,
              .u = {.mem = {.ptr = const_cast<char*>(key), .size = key_size}}};
  parts[2] = {.vtype = RD_KAFKA_VTYPE_VALUE,
              .u = {.mem = {.ptr = message.value.data(), .size = message.value.size()}}};
  parts[3] = {.vtype = RD_KAFKA_VTYPE_HEADERS, .u = {.headers = headers.get()}};
  parts[4] = {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u = {.i = RD_KAFKA_MSG_F_COPY}};
  parts[5] = {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u = {.ptr = answer.get()}};
  const KafkaOwned<rd_kafka_error_t> error(
      rd_kafka_produceva(client.get(), parts.data(), parts.size()));
  if (error != nullptr) return FromKafka(rd_kafka_error_code(error.get()), "write to a topic");
  headers.release();  // the message's now, and the answer the delivery report's
  answer.release();
  return absl::OkStatus();
}

void TopicWriter::Impl::Serve() {
  while (true) {
    rd_kafka_poll(client.get(), ToMillis(kWriterServe));
    if (rd_kafka_fatal_error(client.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR && !Replace())
      return;
    if (!closing.load()) continue;
    given_up = rd_kafka_outq_len(client.get());
    if (given_up == 0) return;
    if (SteadyNanos() < close_by_ns.load()) continue;
    AnswerAll(client.get());
    return;
  }
}

bool TopicWriter::Impl::Replace() {
  KafkaOwned<rd_kafka_t> failed;
  {
    const std::lock_guard lock(mutex);
    std::swap(failed, client);
  }
  AnswerAll(failed.get());
  while (!closing.load()) {
    absl::StatusOr<KafkaOwned<rd_kafka_t>> anew = NewClient();
    if (anew.ok()) {
      const std::lock_guard lock(mutex);
      client = *std::move(anew);
      return true;
    }
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(kWriterRetryAfter));
  }
  return false;
}

TopicWriter::TopicWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TopicWriter::~TopicWriter() { Close().IgnoreError(); }

absl::StatusOr<std::unique_ptr<TopicWriter>> TopicWriter::Open(const TopicWriterOptions& options) {
  if (options.connection.brokers.empty())
    return absl::InvalidArgumentError("Kafka: no broker is named");
  auto impl = std::make_unique<Impl>(options);
  TP_ASSIGN_OR_RETURN(impl->client, impl->NewClient());
  impl->server = std::thread([served = impl.get()] { served->Serve(); });
  return std::unique_ptr<TopicWriter>(new TopicWriter(std::move(impl)));
}

void TopicWriter::Write(TopicMessage message, Done done) {
  const absl::Status queued = impl_->Produce(std::move(message), done);
  if (!queued.ok()) done(queued);
}

absl::Status TopicWriter::Close(absl::Duration patience) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->closing.load())
      impl_->close_by_ns.store(SteadyNanos() + absl::ToInt64Nanoseconds(patience));
    impl_->closing.store(true);
  }
  const std::lock_guard lock(impl_->close_mutex);
  if (impl_->server.joinable()) impl_->server.join();
  if (impl_->given_up == 0) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("Kafka: closed with ", impl_->given_up, " messages that were not acknowledged"));
}

}  // namespace trigpoint
