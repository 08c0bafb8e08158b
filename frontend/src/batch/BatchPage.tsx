export default function BatchPage({ batchId }: { batchId: string }) {
  return <p>{batchId}</p>
}
